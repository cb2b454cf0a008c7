"""The event log: a room's facts in one order, without holes. All that is durable in a room passes here.

A `seq` is taken under the room's row lock in the transaction of the change itself, so a rollback leaves no hole
and commit order is `seq` order. To change several rooms in one transaction, lock them with one `lock_all`.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils import timezone

from chat import bulk_sql, wire
from chat.eventlog import announcements, generations
from chat.models import Event, Room
from core.errors import Invalid, NotFound, Violation

# Those whose data is the message.
MESSAGE_EVENTS = ("message.created", "message.updated", "message.deleted")


# So that a frame has room for more around its data: the id of the command that is answered, the room it is the last of.
_EVENT_BYTES = wire.FRAME_BYTES - 8_192


class Entry(NamedTuple):
    """One event as clients get it: `payload` is its JSON text."""

    seq: int
    payload: str


class Head(NamedTuple):
    """Where a room's log stands. A `seq` means nothing without its `epoch`."""

    epoch: UUID
    seq: int


def lock(room_id: UUID) -> Room:
    """The room, locked until the surrounding transaction ends. Raises NotFound."""
    witness = generations.witness([room_id])
    rooms = _locked([room_id])
    if not rooms:
        raise NotFound
    _date(rooms, witness)
    return rooms[0]


_LOCKED = ("id", "kind", "archived_at", "epoch", "last_seq")
_LOCK = f"""
    SELECT {", ".join(_LOCKED)}, {generations.TOKEN_SQL}, {generations.COUNTER_SQL} FROM chat_room
    WHERE id = ANY (ARRAY (SELECT id FROM json_to_recordset(%s) AS given(id uuid))) AND deleted_at IS NULL
    ORDER BY id FOR UPDATE
"""  # noqa: S608


def lock_all(room_ids: Collection[UUID]) -> dict[UUID, Room]:
    """These rooms, locked in id order, so that no two transactions wait for each other. One that is gone is missing."""
    witness = generations.witness(room_ids)
    rooms = _locked_by_hand(room_ids) if bulk_sql.by_hand() else _locked(room_ids)
    _date(rooms, witness)
    return {room.id: room for room in rooms}


def _locked(room_ids: Collection[UUID]) -> list[Room]:
    rows = generations.counted(Room.objects.all())
    return list(rows.select_for_update().filter(id__in=room_ids, deleted_at=None).order_by("id"))


def _locked_by_hand(room_ids: Collection[UUID]) -> list[Room]:
    rooms = []
    for *values, token, counter in bulk_sql.select(_LOCK, [{"id": room_id} for room_id in room_ids]):
        rooms.append(Room.from_db(None, _LOCKED, values))
        rooms[-1].generation, rooms[-1].counter = token, counter
    return rooms


def _date(rooms: Sequence[Room], witness: generations.Witness) -> None:
    """Have locked rooms be of the current generation: of a new one, if they are behind where they stood."""
    if rooms:
        token, counter = rooms[0].generation, rooms[0].counter
        assert token is not None
        assert counter is not None
        token = witness.check(token, counter, {room.id: room.last_seq for room in rooms})
        for room in rooms:
            room.generation = token


class Facts:
    """Facts about rooms that the caller has locked, in the order they happened; `save` adds them all at once.

    Anybody may do so inside their own `transaction.atomic()`: the events are there, and are announced, if and only
    if what they tell of is.
    """

    def __init__(self) -> None:
        self._rows: list[bulk_sql.Row] = []
        self._rooms: dict[UUID, tuple[Room, list[str]]] = {}

    def add(self, *, room: Room, type: str, data: Any, at: datetime, message_id: UUID | None = None) -> Entry:
        """`data` is anything JSON can say. Raises Invalid if the event does not fit into a frame."""
        seq = room.last_seq + 1
        payload = wire.encode(wire.Event(type, room.id, seq, wire.moment(at), data))
        if len(payload) > _EVENT_BYTES:
            raise Invalid(Violation("data", "too_long", f"An event must be at most {_EVENT_BYTES} bytes."))
        room.last_seq, room.active_at = seq, at
        entry = Entry(seq, payload.decode())
        self._rows.append(
            {
                "room_id": room.id,
                "seq": entry.seq,
                "type": type,
                "payload": entry.payload,
                "message_id": message_id,
                "created_at": at,
            }
        )
        self._rooms.setdefault(room.id, (room, []))[1].append(entry.payload)
        return entry

    def save(self, *told_of: bulk_sql.Change) -> None:
        """Together with the changes that they tell of, if those are handed in."""
        if not self._rows:
            return
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("the log needs the transaction of the change it tells of")
        heads: list[bulk_sql.Row] = [
            {"id": room.id, "last_seq": room.last_seq, "active_at": room.active_at} for room, _ in self._rooms.values()
        ]
        bulk_sql.write(*told_of, bulk_sql.Change(Event, self._rows, new=True), bulk_sql.Change(Room, heads, new=False))
        generations.wrote(room for room, _ in self._rooms.values())
        for room, payloads in self._rooms.values():
            first, epoch = room.last_seq - len(payloads) + 1, generations.epoch_of(room)
            announcements.announce(room_id=room.id, epoch=epoch, first=first, payloads=payloads)


def append(*, room: Room, type: str, data: Any, message_id: UUID | None = None) -> Entry:
    """Add one fact to a room that the caller has locked, and announce it if and when the transaction commits."""
    facts = Facts()
    entry = facts.add(room=room, type=type, data=data, at=timezone.now(), message_id=message_id)
    facts.save()
    return entry


def rewrite(told: Mapping[Event, Any]) -> None:
    """Have events say this in their `data`, from now on. Whoever keeps copies has to be told by another event
    (chat/eventlog/effects.py)."""
    rows: list[bulk_sql.Row] = []
    for event, data in told.items():
        payload = msgspec.json.decode(event.payload) | {"data": data}
        rows.append({"id": event.id, "payload": wire.encode(payload).decode()})
    if rows:
        bulk_sql.write(bulk_sql.Change(Event, rows, new=False))


def retell(message: wire.Message) -> None:
    """Have all that tells what a message says tell what it says now."""
    telling = Event.objects.filter(message=message.id, type__in=MESSAGE_EVENTS)
    rewrite(dict.fromkeys(telling, message))


def read(*, room_id: UUID, after: int, limit: int) -> list[Entry]:
    """The first `limit` entries past `after`, in order: stored text, nothing is serialised again."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after).order_by("seq")
    return [Entry(*row) for row in rows.values_list("seq", "payload")[:limit]]


def heads(room_ids: Collection[UUID], stood: Mapping[UUID, Head] = MappingProxyType({})) -> dict[UUID, Head]:
    """Where these rooms stand, by one query; a room that is gone is missing. If one is behind where it is known to have
    `stood`, events were taken back, and all are of a new generation from here on."""
    witness = generations.witness(room_ids)
    rows = Room.objects.filter(id__in=room_ids, deleted_at=None)
    rows = rows.annotate(token=generations.current(), count=generations.Counter())
    found = list(rows.values_list("id", "epoch", "last_seq", "token", "count"))
    if not found:
        return {}
    token, counter = found[0][3:]
    for room_id, own, *_ in found:
        known = stood.get(room_id)
        if known is not None and known.epoch == generations.epoch(own, token):
            witness.heads[room_id] = max(known.seq, witness.heads.get(room_id, 0))
    token = witness.check(token, counter, {room_id: seq for room_id, _, seq, *_ in found})
    return {room_id: Head(generations.epoch(own, token), seq) for room_id, own, seq, *_ in found}
