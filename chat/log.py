"""The event log: a room's facts in one order, without holes. All that is durable in a room passes `append`.

A `seq` is taken under the room's row lock in the transaction of the change itself, so a rollback leaves no hole
and commit order is `seq` order. To change several rooms in one transaction, lock them in id order.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat import broadcast, wire
from chat.errors import NotFound
from chat.models import Event, Message, Room


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
    room = Room.objects.select_for_update().filter(id=room_id).first()
    if room is None:
        raise NotFound
    return room


def append(*, room: Room, type: str, data: Any, message: Message | None = None) -> Entry:
    """Add a fact to a room that the caller has locked, and announce it if and when the transaction commits.

    `data` is anything JSON can say. Call it inside any `transaction.atomic()`: the event is there if and only
    if what it tells of is.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("log.append() needs the transaction of the change it tells of")
    at = message.created_at if message else timezone.now()
    event = wire.Event(type=type, room=room.id, seq=room.last_seq + 1, at=at, data=data)
    entry = Entry(event.seq, wire.encode(event).decode())
    Event.objects.create(room=room, seq=entry.seq, type=type, payload=entry.payload, message=message, created_at=at)
    room.last_seq = entry.seq
    room.save(update_fields=["last_seq"])
    broadcast.announce(room_id=room.id, epoch=room.epoch, seq=entry.seq, payload=entry.payload)
    return entry


def read(*, room_id: UUID, after: int, limit: int) -> list[Entry]:
    """The first `limit` entries past `after`, in order: stored text, nothing is serialised again."""
    rows = Event.objects.filter(room_id=room_id, seq__gt=after).order_by("seq")
    return [Entry(*row) for row in rows.values_list("seq", "payload")[:limit]]


def heads(room_ids: Collection[UUID]) -> dict[UUID, Head]:
    """Where these rooms stand, by one query; a room that is gone is missing."""
    rows = Room.objects.filter(id__in=room_ids).values_list("id", "epoch", "last_seq")
    return {room_id: Head(epoch, seq) for room_id, epoch, seq in rows}
