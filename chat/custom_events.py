"""Events of the application, `custom.<name>`: durable and ordered like all other events of a room."""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chat import permissions, validation, wire
from chat.errors import Forbidden
from chat.eventlog import log
from chat.eventlog.log import Entry
from core.errors import Invalid, Violation

NAME_PATTERN = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"
_NAME = re.compile(NAME_PATTERN)


def send(*, sender_id: UUID, room_id: UUID, name: str, data: Any = None) -> Entry:
    """Send a custom event as a member whose role the room allows it. Raises Invalid, NotFound, NotAMember, Forbidden,
    Archived or Muted."""
    _check(name, data)
    with transaction.atomic():
        room = log.lock(room_id)
        membership = permissions.require_can_post(user_id=sender_id, room=room)
        if not permissions.has_role(room.custom_events, membership):
            raise Forbidden
        told = wire.Custom(wire.user(membership.user), data)
        return log.append(room=room, type=f"custom.{name}", data=told)


def append(*, room_id: UUID, name: str, data: Any = None) -> Entry:
    """Append a custom event from the application's own code, with `sender` null.

    The event is published if and only if the surrounding `transaction.atomic()` commits. The room's log stays locked
    until then. Raises Invalid, or NotFound for a deleted room.
    """
    _check(name, data)
    room = log.lock(room_id)
    return log.append(room=room, type=f"custom.{name}", data=wire.Custom(None, data))


def _check(name: str, data: Any) -> None:
    if len(name) > settings.CUSTOM_NAME_MAX or not _NAME.fullmatch(name):
        words = f"Must be a-z, 0-9 and _ in parts separated by dots, of at most {settings.CUSTOM_NAME_MAX} characters."
        raise Invalid(Violation("name", "invalid", words))
    validation.json("data", data, maximum=settings.MESSAGE_DATA_MAX_BYTES)
