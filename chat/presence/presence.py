"""Presence: which users are in a room now."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import redis

from chat import permissions, wire
from chat.presence import store, stores
from chat.presence.store import PresentUser
from core.announcer import Announcement, announcer
from core.outages import Outage
from core.redis_scripts import Resting

logger = logging.getLogger(__name__)

# The type of message that all processes receive, and the group that they join.
ANNOUNCEMENT = "presence.changed"
GROUP = "presence"

_ROOMS = 500
_NOWHERE = UUID(int=0)

_outage = Outage(logger, "Redis", "each process knows only its own sockets' presence")


@dataclass(frozen=True, slots=True)
class View:
    """What a process knows of a room's presence. `users` is None in a crowded room. Unless `complete`, users may be
    missing."""

    count: int
    users: Mapping[UUID, PresentUser] | None
    complete: bool


NOTHING = View(0, {}, complete=False)


class Local:
    """What this process knows by itself, while the store is unavailable (realtime/presence/notifier.py)."""

    view: Callable[[UUID], View] = staticmethod(lambda _room_id: NOTHING)


local = Local()


def list_present(*, user_id: UUID, room_id: UUID) -> wire.Presence:
    """Return the presence of a readable room. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    return to_wire(room.id, _view(room.id))


def to_wire(room_id: UUID, view: View) -> wire.Presence:
    """Return the presence as clients receive it, in the order of arrival."""
    if view.users is None:
        return wire.Presence(room_id, view.count, None, view.complete)
    users = sorted(view.users.items(), key=lambda item: (item[1].since, item[0]))
    return wire.Presence(room_id, view.count, [present(*item) for item in users], view.complete)


def present(user_id: UUID, user: PresentUser) -> wire.Present:
    since = datetime.fromtimestamp(user.since / 1_000, UTC)
    return wire.Present(wire.User(user_id, user.username), wire.moment(since))


def _view(room_id: UUID) -> View:
    try:
        reading = stores.get().read({room_id: store.UNKNOWN})
    except redis.RedisError as error:
        log_store_unavailable(error)
        return local.view(room_id)
    log_store_available()
    found, living = reading.rooms[room_id], set(reading.living)
    if found.users is None:
        return View(found.count, None, reading.complete)
    # Ignore users held only by workers whose lease has expired: no other worker may be running to clear them.
    users = {user_id: each for user_id, each in found.users.items() if living.intersection(found.holders[user_id])}
    return View(len(users), users, reading.complete)


def announce(room_ids: Collection[UUID]) -> None:
    """Announce that the presence of rooms may have changed: a hint, as all processes also read periodically."""
    changed = [str(room_id) for room_id in room_ids]
    for begin in range(0, len(changed), _ROOMS):
        announcer.put(Changed(changed[begin : begin + _ROOMS]))


class Changed:
    """Rooms whose presence may have changed."""

    group = GROUP

    def __init__(self, rooms: list[str]) -> None:
        self.rooms = rooms

    @property
    def facts(self) -> int:
        return len(self.rooms)

    @property
    def characters(self) -> int:
        return sum(map(len, self.rooms))

    def message(self) -> dict[str, Any]:
        return {"type": ANNOUNCEMENT, "rooms": self.rooms}

    def absorb(self, later: Announcement) -> bool:
        if not isinstance(later, Changed) or self.facts + later.facts > _ROOMS:
            return False
        self.rooms = [*self.rooms, *later.rooms]  # a new list: listeners hold the old one
        return True


def probe() -> bool:
    """Whether the presence of a room can be read now."""
    try:
        stores.get().read({_NOWHERE: store.UNKNOWN})
    except redis.RedisError as error:
        log_store_unavailable(error)
        return False
    log_store_available()
    return True


def log_store_unavailable(error: Exception) -> None:
    """Note that the presence store did not answer."""
    if not isinstance(error, Resting):
        _outage.note(error)


def log_store_available() -> None:
    """Note that the presence store answered."""
    _outage.end()
