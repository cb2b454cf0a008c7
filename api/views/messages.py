"""The messages of a room, what becomes of them, and what answers them."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import query
from chat import edits, messages, reactions, wire

_PAGING = [
    query("before_seq", "Only messages before this seq: older pages."),
    query("after_seq", "Only messages after this seq: newer pages."),
    query("limit", "At most this many, 50 unless said."),
    pages.CURSOR,
]


class Messages(APIView):
    @extend_schema(
        operation_id="messages_list",
        summary="The messages of a room, by pages",
        parameters=_PAGING,
        responses={200: pages.MessagePage},
        tags=["messages"],
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        page = messages.page(user_id=identity(request).user_id, room_id=room_id, **_wanted(request))
        return Response(_page(request, page))

    @extend_schema(
        operation_id="messages_send",
        summary="Send a message",
        request=requests.NewMessage,
        responses={201: wire.Message, 200: wire.Message},
        tags=["messages"],
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewMessage, request)
        sent = messages.send(author_id=identity(request).user_id, room_id=room_id, **asked)
        return Response(sent.message, status=201 if sent.created else 200)


class Message(APIView):
    @extend_schema(operation_id="messages_get", summary="One message", responses={200: wire.Message}, tags=["messages"])
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request)
        return Response(messages.get(user_id=me.user_id, room_id=room_id, message_id=message_id))

    @extend_schema(
        operation_id="messages_edit",
        summary="Say something else",
        description="Its author alone. The same again is nothing.",
        request=requests.MessageChange,
        responses={200: wire.Message},
        tags=["messages"],
    )
    def patch(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        asked = requests.read(requests.MessageChange, request)
        me = identity(request).user_id
        return Response(edits.edit(actor_id=me, room_id=room_id, message_id=message_id, **asked))

    @extend_schema(
        operation_id="messages_delete",
        summary="Take a message back",
        description="One's own, or as an owner or moderator. A tombstone is left, which is the answer.",
        responses={200: wire.Message},
        tags=["messages"],
    )
    def delete(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(edits.delete(actor_id=me, room_id=room_id, message_id=message_id))


class Revisions(APIView):
    @extend_schema(
        operation_id="messages_revisions",
        summary="What a message said before",
        description="Oldest first; for its author, and for owners and moderators.",
        responses={200: pages.Revisions},
        tags=["messages"],
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(pages.Revisions(edits.revisions(user_id=me, room_id=room_id, message_id=message_id)))


class Replies(APIView):
    @extend_schema(
        operation_id="messages_replies",
        summary="The replies to a message, by pages",
        parameters=_PAGING,
        responses={200: pages.MessagePage},
        tags=["messages"],
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        page = messages.page(user_id=me, room_id=room_id, reply_to=message_id, **_wanted(request))
        return Response(_page(request, page))


class Reactions(APIView):
    @extend_schema(
        operation_id="reactions_list",
        summary="Who thinks what of a message",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.ReactionPage},
        tags=["messages"],
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        rows = reactions.of(user_id=identity(request).user_id, room_id=room_id, message_id=message_id)
        return Response(pages.ReactionPage(*pages.cursor(request, rows, reactions.told)))


class Reaction(APIView):
    @extend_schema(
        operation_id="reactions_add",
        summary="React to a message",
        request=None,
        responses={200: wire.Message},
        tags=["messages"],
    )
    def put(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        me = identity(request).user_id
        return Response(reactions.add(user_id=me, room_id=room_id, message_id=message_id, emoji=emoji))

    @extend_schema(
        operation_id="reactions_remove", summary="Take it back", responses={200: wire.Message}, tags=["messages"]
    )
    def delete(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        me = identity(request).user_id
        return Response(reactions.remove(user_id=me, room_id=room_id, message_id=message_id, emoji=emoji))


def _wanted(request: Request) -> dict[str, Any]:
    return {**pages.positions(request, "before_seq", "after_seq"), "limit": pages.limit(request)}


def _page(request: Request, page: messages.Page) -> pages.MessagePage:
    results = list(page.messages)
    older = {"before_seq": results[0].seq} if results and page.older else None
    newer = {"after_seq": results[-1].seq} if results and page.newer else None
    return pages.MessagePage(*pages.seq_links(request, newer, older), results, page.own_reactions)
