"""The messages of a room."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.schema import query
from chat import messages, wire


class Messages(APIView):
    @extend_schema(
        operation_id="messages_list",
        summary="The messages of a room, by pages",
        parameters=[
            query("before_seq", "Only messages before this seq: older pages."),
            query("after_seq", "Only messages after this seq: newer pages."),
            query("limit", "At most this many, 50 unless said."),
        ],
        responses={200: pages.MessagePage},
        tags=["messages"],
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        page = messages.page(
            user_id=identity(request).user_id,
            room_id=room_id,
            before_seq=pages.number(request, "before_seq"),
            after_seq=pages.number(request, "after_seq"),
            limit=pages.limit(request),
        )
        return Response(_page(request, page))

    @extend_schema(
        operation_id="messages_send",
        summary="Send a message",
        request=requests.NewMessage,
        responses={201: wire.Message, 200: wire.Message},
        tags=["messages"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewMessage, request)
        sent = messages.send(author_id=identity(request).user_id, room_id=room_id, **asked)
        return Response(sent.message, status=201 if sent.created else 200)


class Message(APIView):
    @extend_schema(operation_id="messages_get", summary="One message", responses={200: wire.Message}, tags=["messages"])
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request)
        return Response(messages.get(user_id=me.user_id, room_id=room_id, message_id=message_id))


def _page(request: Request, page: messages.Page) -> pages.MessagePage:
    results = list(page.messages)
    older = newer = None
    if results and page.older:
        older = pages.address(request, before_seq=results[0].seq, after_seq=None)
    if results and page.newer:
        newer = pages.address(request, after_seq=results[-1].seq, before_seq=None)
    return pages.MessagePage(results, next=newer, previous=older)
