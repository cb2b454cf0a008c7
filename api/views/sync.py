"""Everything that changed in all my rooms, in one answer."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import ids
from accounts.errors import Invalid, Violation
from api import queries, requests
from api.authentication import identity
from chat import sync, wire
from chat.positions import Position

_SINCE = OpenApiParameter(
    "since",
    str,
    description="The last `seq` you have of each room: `<room>.<seq>` or `<room>.<seq>.<epoch>`, with commas between. "
    "Many fit better in the body of a POST, which answers the same.",
)


class RoomChange(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A room with news. `events` are those after `from`, and `more` come after them. When it is not `recovered`, no
    position was named or the log can't continue from it: begin with `room` as it is here, and from `from`."""

    room: wire.Room
    from_: int
    recovered: bool
    events: list[wire.Event]
    more: bool


class Changes(msgspec.Struct, frozen=True):
    """`rooms` have news, the latest first; `more` may. `removed` are gone, or no longer yours to see. `markers` say up
    to where you have read each of your rooms."""

    rooms: list[RoomChange]
    more: bool
    removed: list[UUID]
    markers: dict[UUID, int]


class Sync(APIView):
    @extend_schema(
        operation_id="sync",
        summary="What changed in all my rooms",
        parameters=[_SINCE],
        responses={200: Changes},
        tags=["rooms"],
    )
    def get(self, request: Request) -> Response:
        positions = _positions(queries.text(request, "since") or "")
        return Response(_told(sync.since(user_id=identity(request).user_id, positions=positions)))

    @extend_schema(
        operation_id="sync_many",
        summary="The same with any number of positions",
        request=requests.Positions,
        responses={200: Changes},
        tags=["rooms"],
    )
    def post(self, request: Request) -> Response:
        said = requests.read(requests.Positions, request)["since"]
        positions = {_room(name): Position(at["seq"], at["epoch"]) for name, at in said.items()}
        return Response(_told(sync.since(user_id=identity(request).user_id, positions=positions)))


def _positions(text: str) -> dict[UUID, Position]:
    """Raises Invalid."""
    positions = {}
    for part in filter(None, text.split(",")):
        name, _, position = part.partition(".")
        seq, _, epoch = position.partition(".")
        if not (seq.isascii() and seq.isdigit() and len(seq) < 19):
            raise Invalid(Violation("since", "invalid", f"{part[:100]!r} is not <room>.<seq>."))
        positions[_room(name)] = Position(int(seq), _room(epoch) if epoch else None)
    return positions


def _room(text: str) -> UUID:
    try:
        return ids.parse(text)
    except ValueError as error:
        raise Invalid(Violation("since", "invalid", str(error))) from error


def _told(changes: sync.Changes) -> Changes:
    rooms = [
        RoomChange(
            room=change.room,
            from_=change.start,
            recovered=change.recovered,
            # The stored text goes out as it is.
            events=[msgspec.Raw(entry.payload.encode()) for entry in change.entries],  # type: ignore[misc]
            more=change.more,
        )
        for change in changes.rooms
    ]
    return Changes(rooms, changes.more, list(changes.removed), dict(changes.markers))
