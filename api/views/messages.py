"""Views of the messages of a room: sending, edits and deletion, revisions, replies and reactions."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import LIMIT, number
from chat import edits, messages, reactions, wire

_PAGING = [
    number("before_seq", "Only messages before this `seq`: older pages."),
    number("after_seq", "Only messages after this `seq`: newer pages."),
    LIMIT,
    pages.CURSOR,
]


class Messages(APIView):
    @extend_schema(
        operation_id="messages_list",
        summary="List the messages of a room",
        description=(
            "Returns the latest page if neither `before_seq` nor `after_seq` is given. Within a page the oldest "
            "message comes first."
        ),
        parameters=_PAGING,
        responses={200: pages.MessagePage},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        page = messages.page(user_id=identity(request).user_id, room_id=room_id, **_wanted(request))
        return Response(_page(request, page))

    @extend_schema(
        operation_id="messages_send",
        summary="Send a message",
        description=(
            "With a `client_ref` that the author has used in this room before, returns the stored message with status"
            " 200 and creates nothing: repeat a request whose answer was lost."
        ),
        request=requests.NewMessage,
        responses={201: wire.Message, 200: wire.Message},
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewMessage, request)
        sent = messages.send(author_id=identity(request).user_id, room_id=room_id, **asked)
        return Response(sent.message, status=201 if sent.created else 200)


class Message(APIView):
    @extend_schema(
        operation_id="messages_get",
        summary="Get a message",
        description="A deleted message is returned as a tombstone: `deleted_at` is set and the content is gone.",
        responses={200: wire.Message},
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request)
        return Response(messages.get(user_id=me.user_id, room_id=room_id, message_id=message_id))

    @extend_schema(
        operation_id="messages_edit",
        summary="Edit a message",
        description=(
            "The author only. `data` that is left out, or null, is kept; an empty object clears it. Repeating an edit"
            " has no effect."
        ),
        request=requests.MessageChange,
        responses={200: wire.Message},
    )
    def patch(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        asked = requests.read(requests.MessageChange, request)
        me = identity(request).user_id
        return Response(edits.edit(actor_id=me, room_id=room_id, message_id=message_id, **asked))

    @extend_schema(
        operation_id="messages_delete",
        summary="Delete a message",
        description="The author, owners and moderators. Returns the tombstone.",
        responses={200: wire.Message},
    )
    def delete(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(edits.delete(actor_id=me, room_id=room_id, message_id=message_id))


class Revisions(APIView):
    @extend_schema(
        operation_id="messages_revisions",
        summary="List the earlier versions of a message",
        description="The author, owners and moderators. The oldest version comes first.",
        responses={200: pages.Revisions},
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(pages.Revisions(edits.revisions(user_id=me, room_id=room_id, message_id=message_id)))


class Replies(APIView):
    @extend_schema(
        operation_id="messages_replies",
        summary="List the replies to a message",
        description="Pages are the same as those of the room's messages.",
        parameters=_PAGING,
        responses={200: pages.MessagePage},
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        me = identity(request).user_id
        page = messages.page(user_id=me, room_id=room_id, reply_to=message_id, **_wanted(request))
        return Response(_page(request, page))


class Reactions(APIView):
    @extend_schema(
        operation_id="reactions_list",
        summary="List the reactions to a message",
        description="The oldest reaction comes first.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.ReactionPage},
    )
    def get(self, request: Request, room_id: UUID, message_id: UUID) -> Response:
        rows = reactions.list_reactions(user_id=identity(request).user_id, room_id=room_id, message_id=message_id)
        return Response(pages.ReactionPage(*pages.cursor(request, rows, reactions.to_wire)))


class Reaction(APIView):
    @extend_schema(
        operation_id="reactions_add",
        summary="Add a reaction to a message",
        description="Adding the same reaction again has no effect. Returns the message.",
        request=None,
        responses={200: wire.Message},
    )
    def put(self, request: Request, room_id: UUID, message_id: UUID, emoji: str) -> Response:
        me = identity(request).user_id
        return Response(reactions.add(user_id=me, room_id=room_id, message_id=message_id, emoji=emoji))

    @extend_schema(
        operation_id="reactions_remove",
        summary="Remove a reaction from a message",
        description="Has no effect if the current user has not reacted with this emoji. Returns the message.",
        responses={200: wire.Message},
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
