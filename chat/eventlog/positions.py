"""Positions: whether the log can continue from a client's position.

It can from an epoch of an earlier generation too, if the event at that position was in the database when that
generation ended: then the client has everything before it.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from chat import bulk_sql
from chat.eventlog import generations
from chat.eventlog.log import Head
from chat.models import Event, Room

_AT_ONCE = 200


class Position(NamedTuple):
    """The last `seq` that a client has of a room, and the epoch given with it, if the client names one."""

    seq: int
    epoch: UUID | None = None


Place = tuple[UUID, Position]


def continued(positions: Mapping[UUID, Position], heads: Mapping[UUID, Head]) -> set[UUID]:
    """Return those of the rooms whose log continues from the position; `heads` are their present heads."""
    within = {room_id: at for room_id, at in positions.items() if room_id in heads and at.seq <= heads[room_id].seq}
    earlier = {(room_id, at) for room_id, at in within.items() if at.epoch not in (None, heads[room_id].epoch)}
    lost = earlier - _kept(earlier)
    return within.keys() - {room_id for room_id, _ in lost}


def kept(asked: Sequence[Collection[Place]]) -> list[set[Place]]:
    """Return, for each question, those places of earlier epochs up to which the log is unchanged. Makes at most three
    queries."""
    found = _kept({place for places in asked for place in places})
    return [found.intersection(places) for places in asked]


def _kept(places: Collection[Place]) -> set[Place]:
    if not places:
        return set()
    owns = dict(Room.objects.filter(id__in={room_id for room_id, _ in places}).values_list("id", "epoch"))
    tokens = {
        (room_id, at): generations.epoch(owns[room_id], at.epoch)
        for room_id, at in places
        if room_id in owns and at.epoch is not None
    }
    last = generations.ended(set(tokens.values()))
    known = {place: last[token] for place, token in tokens.items() if token in last}
    events = _events({(room_id, at.seq) for room_id, at in known if at.seq})
    return {
        (room_id, at)
        for (room_id, at), last_event in known.items()
        if not at.seq or events.get((room_id, at.seq), last_event + 1) <= last_event
    }


_EVENTS = """
    SELECT event.room_id, event.seq, event.id
    FROM json_to_recordset(%s) AS given(room_id uuid, seq bigint)
    JOIN chat_event AS event ON event.room_id = given.room_id AND event.seq = given.seq
"""


def _events(wanted: Collection[tuple[UUID, int]]) -> dict[tuple[UUID, int], int]:
    """Return the ids of the events at the given places."""
    found: dict[tuple[UUID, int], int] = {}
    asked = list(wanted)
    for begin in range(0, len(asked), _AT_ONCE):
        rows = _read(asked[begin : begin + _AT_ONCE])
        found |= {(room_id, seq): event_id for room_id, seq, event_id in rows}
    return found


def _read(wanted: Sequence[tuple[UUID, int]]) -> Sequence[tuple[UUID, int, int]]:
    if bulk_sql.by_hand():
        return bulk_sql.select(_EVENTS, [{"room_id": room_id, "seq": seq} for room_id, seq in wanted])
    any_of = Q()
    for room_id, seq in wanted:
        any_of |= Q(room=room_id, seq=seq)
    return list(Event.objects.filter(any_of).values_list("room_id", "seq", "id"))
