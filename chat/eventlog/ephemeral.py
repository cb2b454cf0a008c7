"""Ephemeral events: sent once to a room's subscribers, and never stored.

They are published when the transaction has committed, with the room's last seq (`after`). A feed that has not reached
that seq holds them back, so that a user who was removed meanwhile does not receive them.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat import wire
from chat.eventlog import announcements
from chat.models import Room
from core.announcer import Announcement, announcer

# The type of message that hubs receive; and the type for users, with the group that all processes join.
ANNOUNCEMENT = "room.passing"
TO_USERS = "users.told"
USERS = "users"

_MOST = 100
_USERS = 500


def tell(room: Room, type: str, data: Any) -> None:
    """Send an ephemeral event to all subscribers of a room."""
    passing = wire.Passing(type, room.id, wire.moment(timezone.now()), data)
    told = EphemeralEvents(room.id, room.last_seq, [wire.encode(passing).decode()])
    transaction.on_commit(lambda: announcer.put(told), robust=True)


def added(room: wire.Room, user_id: UUID) -> None:
    """Send `room.added` to all connections of a user who has become a member."""
    payload = wire.encode(wire.Passing("room.added", room.id, wire.moment(timezone.now()), room)).decode()
    _to_users(ToUsers([str(user_id)], room.id, payload, over=False))


def removed(room_id: UUID, user_ids: Sequence[UUID], reason: str) -> None:
    """Send `room.removed` to connections of former members. Those subscribed to the room receive it from its log."""
    payload = wire.encode(wire.RoomRemoved(room_id, reason)).decode()
    for start in range(0, len(user_ids), _USERS):
        users = [str(each) for each in user_ids[start : start + _USERS]]
        _to_users(ToUsers(users, room_id, payload, over=True))


def _to_users(told: "ToUsers") -> None:
    transaction.on_commit(lambda: announcer.put(told), robust=True)


class EphemeralEvents:
    """Ephemeral events of one room."""

    def __init__(self, room_id: UUID, after: int, payloads: list[str]) -> None:
        self.room_id, self.after, self.payloads = room_id, after, payloads
        self.group = announcements.group(room_id)

    @property
    def facts(self) -> int:
        return len(self.payloads)

    @property
    def characters(self) -> int:
        return sum(map(len, self.payloads))

    def message(self) -> dict[str, Any]:
        return {"type": ANNOUNCEMENT, "room": str(self.room_id), "after": self.after, "payloads": self.payloads}

    def absorb(self, later: Announcement) -> bool:
        if not isinstance(later, EphemeralEvents) or self.facts + later.facts > _MOST:
            return False
        self.payloads = self.payloads + later.payloads  # a new list: listeners hold the old one
        self.after = max(self.after, later.after)
        return True


class ToUsers:
    """A frame for all connections of some users: `room.added`, or `room.removed` if `over`."""

    group = USERS

    def __init__(self, users: list[str], room_id: UUID, payload: str, *, over: bool) -> None:
        self.users, self.room_id, self.payload, self.over = users, room_id, payload, over

    @property
    def facts(self) -> int:
        return len(self.users)

    @property
    def characters(self) -> int:
        return 36 * len(self.users) + len(self.payload)

    def message(self) -> dict[str, Any]:
        return {
            "type": TO_USERS,
            "users": self.users,
            "room": str(self.room_id),
            "over": self.over,
            "payload": self.payload,
        }

    def absorb(self, later: Announcement) -> bool:
        return False
