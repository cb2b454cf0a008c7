"""Views of the event log of a room, for clients that poll, and of custom events."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, queries, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import LIMIT, number, parameter
from chat import custom_events, history, wire


class Events(APIView):
    @extend_schema(
        operation_id="events_list",
        summary="List the events of a room",
        description=(
            "Returns the room's log after `after_seq`, oldest first. If `recovered` is false, the log cannot continue"
            " from there: fetch the room again."
        ),
        parameters=[
            number("after_seq", "The last `seq` that the client has; 0 is the beginning, and the default."),
            parameter("epoch", UUID, "The room's `epoch` at that position. Without it, no epoch is compared."),
            LIMIT,
            pages.CURSOR,
        ],
        responses={200: pages.EventPage},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        at = pages.positions(request, "after_seq")
        page = history.page(
            user_id=identity(request).user_id,
            room_id=room_id,
            after_seq=at["after_seq"] or 0,
            epoch=UUID(at["epoch"]) if "epoch" in at else queries.identifier(request, "epoch"),
            limit=pages.limit(request),
        )
        return Response(_page(request, page))

    @extend_schema(
        operation_id="events_send",
        summary="Send a custom event",
        description=(
            "Members whose role is at least the room's `custom_events`. The event `custom.<name>` is stored in the "
            "room's log."
        ),
        request=requests.NewCustomEvent,
        responses={201: wire.Event},
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewCustomEvent, request)
        entry = custom_events.send(sender_id=identity(request).user_id, room_id=room_id, **asked)
        return Response(msgspec.Raw(entry.payload.encode()), status=201)


def _page(request: Request, page: history.Page) -> pages.EventPage:
    following: dict[str, int | str] | None = (
        {"after_seq": page.entries[-1].seq, "epoch": str(page.head.epoch)} if page.more else None
    )
    return pages.EventPage(
        *pages.seq_links(request, following),
        # The stored JSON is sent unchanged.
        results=[msgspec.Raw(entry.payload.encode()) for entry in page.entries],  # type: ignore[misc]
        epoch=str(page.head.epoch),
        head=page.head.seq,
        recovered=page.recovered,
    )
