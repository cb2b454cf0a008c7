"""The event log: all durable events of a room in one order without holes.

A `seq` is taken under the room's row lock in the transaction of the change itself: a rollback leaves no hole, and
commit order is `seq` order. To change several rooms in one transaction, lock them with one `lock_all`.
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

# The event types whose data is the message.
MESSAGE_EVENTS = ("message.created", "message.updated", "message.deleted")


# Leaves room in a frame for what surrounds the data: a command's id, a room's last message.
_EVENT_BYTES = wire.FRAME_BYTES - 8_192


class Entry(NamedTuple):
    """One event as clients receive it: `payload` is its JSON text."""

    seq: int
    payload: str


class Head(NamedTuple):
    """The last seq of a room's log, with the epoch that it belongs to."""

    epoch: UUID
    seq: int


def lock(room_id: UUID) -> Room:
    """Return the room, locked until the surrounding transaction ends. Raises NotFound."""
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
    """Return the rooms, locked in order of id to avoid deadlocks. Deleted rooms are missing."""
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
    """Set the current generation on locked rooms; a new one, if a room's head has moved back."""
    if rooms:
        token, counter = rooms[0].generation, rooms[0].counter
        assert token is not None
        assert counter is not None
        token = witness.check(token, counter, {room.id: room.last_seq for room in rooms})
        for room in rooms:
            room.generation = token


class Facts:
    """Events of rooms that the caller has locked, in order. `save` stores them all at once.

    Call it inside a `transaction.atomic()`: the events are stored and announced if and only if it commits.
    """

    def __init__(self) -> None:
        self._rows: list[bulk_sql.Row] = []
        self._rooms: dict[UUID, tuple[Room, list[str]]] = {}

    def add(self, *, room: Room, type: str, data: Any, at: datetime, message_id: UUID | None = None) -> Entry:
        """Add an event. `data` is anything that JSON can express. Raises Invalid if the event does not fit into a
        frame."""
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
        """Store the events, together with changes of other rows if they are given."""
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
    """Append one event to a room that the caller has locked. It is announced when the transaction has committed."""
    facts = Facts()
    entry = facts.add(room=room, type=type, data=data, at=timezone.now(), message_id=message_id)
    facts.save()
    return entry


def rewrite(told: Mapping[Event, Any]) -> None:
    """Replace the `data` of stored events. Another event must tell those who keep copies (chat/eventlog/effects.py)."""
    rows: list[bulk_sql.Row] = []
    for event, data in told.items():
        payload = msgspec.json.decode(event.payload) | {"data": data}
        rows.append({"id": event.id, "payload": wire.encode(payload).decode()})
    if rows:
        bulk_sql.write(bulk_sql.Change(Event, rows, new=False))


def retell(message: wire.Message) -> None:
    """Rewrite all events that contain a message to its present content."""
    telling = Event.objects.filter(message=message.id, type__in=MESSAGE_EVENTS)
    rewrite(dict.fromkeys(telling, message))


def read(*, room_id: UUID, after: int, limit: int) -> list[Entry]:
    """Return the first `limit` entries after `after`, in order: the stored text, which is not serialised again."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after).order_by("seq")
    return [Entry(*row) for row in rows.values_list("seq", "payload")[:limit]]


def heads(room_ids: Collection[UUID], stood: Mapping[UUID, Head] = MappingProxyType({})) -> dict[UUID, Head]:
    """Return the heads of the rooms, by one query; deleted rooms are missing.

    If one is lower than its known head in `stood`, events were lost: all are of a new generation from then on.
    """
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
