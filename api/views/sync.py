"""The view that returns the changes in all rooms of the current user in one response."""

import re
from typing import Annotated
from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import queries, requests
from api.authentication import identity
from api.schema import parameter
from chat import sync, wire
from chat.eventlog.positions import Position
from chat.wire_types import ById
from core import ids
from core.errors import Invalid, Violation

_POSITION = rf"({ids.PATTERN})\.([0-9]{{1,18}})(?:\.({ids.PATTERN}))?"
Since = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^({_POSITION}(,{_POSITION})*)?$"})]


class RoomChange(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A room that changed. `events` follow `from`; `more` is true if others follow them. If `recovered` is false, no
    position was given or the log cannot continue from it: start with this `room`, at `from`."""

    room: wire.Room
    from_: int
    recovered: bool
    events: list[wire.Event]
    more: bool


class Changes(msgspec.Struct, frozen=True):
    """`rooms` changed, the latest change first; `more` is true if others did. `removed` were deleted or can no
    longer be seen. `markers` are the user's read markers, by room id."""

    rooms: list[RoomChange]
    more: bool
    removed: list[UUID]
    markers: ById[int]


class Sync(APIView):
    @extend_schema(
        operation_id="sync",
        summary="Get the changes in all rooms of the current user",
        description=(
            "Returns the events after the given positions, new rooms, removed rooms and read markers. Take the last "
            "`seq` of each room as its next position."
        ),
        parameters=[
            parameter(
                "since",
                Since,
                "The last `seq` that the client has of each room: `<room>.<seq>` or `<room>.<seq>.<epoch>`, separated "
                "by commas. Send many positions in the body of the POST request.",
            )
        ],
        responses={200: Changes},
    )
    def get(self, request: Request) -> Response:
        positions = _positions(queries.text(request, "since") or "")
        return Response(_told(sync.since(user_id=identity(request).user_id, positions=positions)))

    @extend_schema(
        operation_id="sync_many",
        summary="Get the changes in all rooms, with positions in the body",
        description="The same as the GET request, for more positions than fit in a URL.",
        request=requests.Positions,
        responses={200: Changes},
    )
    def post(self, request: Request) -> Response:
        said = requests.read(requests.Positions, request)["since"]
        positions = {room: Position(at.seq, at.epoch) for room, at in said.items()}
        return Response(_told(sync.since(user_id=identity(request).user_id, positions=positions)))


def _positions(text: str) -> dict[UUID, Position]:
    """Parse the parameter `since`. Raises Invalid."""
    positions = {}
    for part in filter(None, text.split(",")):
        position = re.fullmatch(_POSITION, part)
        if position is None:
            raise Invalid(Violation("since", "invalid", f"Must be <room>.<seq>[.<epoch>], not {part[:100]!r}."))
        room, seq, epoch = position.groups()
        positions[UUID(room)] = Position(int(seq), UUID(epoch) if epoch else None)
    return positions


def _told(changes: sync.Changes) -> Changes:
    rooms = [
        RoomChange(
            room=change.room,
            from_=change.start,
            recovered=change.recovered,
            # The stored JSON is sent unchanged.
            events=[msgspec.Raw(entry.payload.encode()) for entry in change.entries],  # type: ignore[misc]
            more=change.more,
        )
        for change in changes.rooms
    ]
    return Changes(rooms, changes.more, list(changes.removed), dict(changes.markers))
