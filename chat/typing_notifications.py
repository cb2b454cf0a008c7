"""Typing notifications: sent to a room's subscribers at once, and never stored.

The processes that forward one end it when its time is over (realtime/delivery/typing_timeouts.py).
"""

from uuid import UUID

from django.conf import settings

from chat import permissions, wire
from chat.eventlog import ephemeral
from core.rate_limits import limiter

_LIMIT = limiter.Limit("typing")


def start(*, user_id: UUID, room_id: UUID) -> None:
    """Publish that the user is typing, for TYPING_SECONDS. Frequent repetitions are accepted, but not published. Raises
    NotFound, NotAMember, Archived or Muted."""
    _tell(user_id, room_id, "typing.started", settings.TYPING_SECONDS)


def stop(*, user_id: UUID, room_id: UUID) -> None:
    """Publish that the user has stopped typing. Raises NotFound, NotAMember, Archived or Muted."""
    _tell(user_id, room_id, "typing.stopped", 0)


def _tell(user_id: UUID, room_id: UUID, type: str, seconds: float) -> None:
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    membership = permissions.require_can_post(user_id=user_id, room=room)
    if limiter.take_each(_LIMIT, [f"{type}:{user_id}:{room_id}"]) == [0.0]:
        ephemeral.tell(room, type, wire.Typist(wire.user(membership.user), seconds))
