"""Synchronisation: everything that changed in all rooms of a user since the given positions, in one answer.

The number of queries does not depend on the number of rooms, and the answer is bounded: `more` tells that the client
should ask again with its new positions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from chat import bulk_sql, permissions, summaries, wire
from chat.eventlog import generations
from chat.eventlog.log import Entry, Head
from chat.eventlog.positions import Position, continued
from chat.models import Event, Membership, Room
from core.errors import Invalid, Violation

_ROOMS = 200
_EVENTS = 500
_EVENTS_OF_ROOM = 100


@dataclass(frozen=True, slots=True)
class Change:
    """What a client misses that has a room up to `start`, in order; `more` comes after. Not `recovered`: it named no
    position, or one that the log can't continue from, and begins with `room` as it is here."""

    room: wire.Room
    start: int
    recovered: bool
    entries: Sequence[Entry]

    @property
    def more(self) -> bool:
        return self.start + len(self.entries) < self.room.last_seq


@dataclass(frozen=True, slots=True)
class Changes:
    """`rooms` are those with news, the latest first, and `more` of them may come; `removed` are gone, or no longer
    one's to see; `markers` say up to where one has read each of one's own rooms."""

    rooms: Sequence[Change]
    more: bool
    removed: Sequence[UUID]
    markers: Mapping[UUID, int]


def since(*, user_id: UUID, positions: Mapping[UUID, Position]) -> Changes:
    """Return the changes in the user's rooms, and in the named ones that they may read. Raises Invalid for too many
    positions."""
    if len(positions) > settings.SYNC_ROOMS_MAX:
        raise Invalid(Violation("since", "too_long", f"Must name at most {settings.SYNC_ROOMS_MAX} rooms."))
    own = {row.room_id: row for row in Membership.objects.filter(user_id=user_id)}
    rooms = {room.id: room for room in permissions.visible_rooms(user_id).filter(id__in=own.keys() | positions.keys())}
    heads = {room.id: Head(generations.epoch_of(room), room.last_seq) for room in rooms.values()}
    starts = {room_id: positions[room_id].seq for room_id in continued(positions, heads)}
    news = [room for room in rooms.values() if starts.get(room.id, -1) < room.last_seq]
    news.sort(key=lambda room: room.active_at, reverse=True)
    told = news[:_ROOMS]
    entries = _entries(told, starts)
    seen = summaries.summarize(
        user_id=user_id, rooms=told, memberships=[own[room.id] for room in told if room.id in own]
    )
    return Changes(
        rooms=[_change(room, starts.get(room.id), entries.get(room.id)) for room in seen],
        more=len(told) < len(news),
        removed=[room_id for room_id in positions if room_id not in rooms],
        markers={row.room_id: row.last_read_seq for row in own.values() if row.room_id in rooms},
    )


def _change(room: wire.Room, start: int | None, entries: Sequence[Entry] | None) -> Change:
    if start is None or (entries is not None and [entry.seq for entry in entries[:1]] != [start + 1]):
        return Change(room, room.last_seq, recovered=False, entries=[])
    return Change(room, start, recovered=True, entries=entries or [])


_NEWS = """
    SELECT event.room_id, event.seq, event.payload
    FROM json_to_recordset(%s) AS given(room_id uuid, start bigint, stop bigint)
    JOIN chat_event AS event ON event.room_id = given.room_id AND event.seq > given.start AND event.seq <= given.stop
    ORDER BY event.room_id, event.seq
"""


def _entries(rooms: Sequence[Room], starts: Mapping[UUID, int]) -> dict[UUID, list[Entry]]:
    """Return the first events of each room after its start, by one query."""
    wanted: list[bulk_sql.Row] = []
    left = _EVENTS
    for room in rooms:
        start = starts.get(room.id, room.last_seq)
        count = min(room.last_seq - start, _EVENTS_OF_ROOM, left)
        if count:
            wanted.append({"room_id": room.id, "start": start, "stop": start + count})
            left -= count
    found: dict[UUID, list[Entry]] = {each["room_id"]: [] for each in wanted}
    for room_id, seq, payload in _read(wanted):
        found[room_id].append(Entry(seq, payload))
    return found


def _read(wanted: Sequence[bulk_sql.Row]) -> Sequence[tuple[UUID, int, str]]:
    if not wanted:
        return []
    if bulk_sql.by_hand():
        return bulk_sql.select(_NEWS, wanted)
    any_of = Q()
    for each in wanted:
        any_of |= Q(room=each["room_id"], seq__gt=each["start"], seq__lte=each["stop"])
    return list(Event.objects.filter(any_of).order_by("room", "seq").values_list("room_id", "seq", "payload"))
