"""Erasure of a user: removes their messages' content and their name from rooms and logs.

It runs in small steps, each a transaction that may be repeated, because a user may have written for years. The user can
do nothing from the first step on. If the process dies, `resume` continues.
"""

import logging
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import Max

from accounts import users
from accounts.models import User
from chat import departures, edits, wire
from chat.eventlog import log
from chat.models import Ban, Event, Membership, Mention, Message, Mute, Room
from core.errors import NotFound
from core.outages import reason

logger = logging.getLogger(__name__)

_AT_ONCE = 500
# Events per step: the log of all rooms is long, and statements have a time limit.
_LOOK_THROUGH = 100_000


def erase(*, user_id: UUID, password: str, address: str | None = None) -> None:
    """Erase a user, by their password. Raises InvalidCredentials or RateLimited."""
    users.confirm_password(user_id=user_id, password=password, address=address)
    erase_unasked(user_id=user_id)


def erase_unasked(*, user_id: UUID) -> bool:
    """Erase a user without their password. Return whether it had not begun before. Each step is a transaction of its
    own: do not call it in one."""
    user = users.erase(user_id=user_id)
    if user is None:
        return False
    try:
        _clear(user)
    except (DatabaseError, InterfaceError):
        logger.exception("an erasure was interrupted; `manage.py finish_erasures` or a server continues it")
    return True


def resume() -> int:
    """Finish interrupted erasures and return their number. Two processes may do so at once.

    One that fails does not delay the others; raises the error of the last one that failed.
    """
    begun = list(User.objects.filter(erasing_at__isnull=False))
    failure: Exception | None = None
    for user in begun:
        try:
            _clear(user)
        except Exception as error:
            logger.error("the erasure of user %s can't be finished: %s", user.id, reason(error))
            failure = error
    if failure is not None:
        raise failure
    return len(begun)


def _clear(user: User) -> None:
    rooms = _rooms_of(user)
    for room_id in sorted(rooms):
        _take_out(room_id, user)
    last: UUID | None = UUID(int=0)
    while last is not None:
        last = _empty_some(user, last)
    Mention.objects.filter(user=user).delete()
    Ban.objects.filter(user=user).delete()
    Mute.objects.filter(user=user).delete()
    rooms |= _rename(user)
    for room_id in sorted(rooms):
        _tell(room_id, user)
    users.mark_erased(user_id=user.id)


def _rooms_of(user: User) -> set[UUID]:
    """Return the rooms whose log may name the user."""
    rooms = set(Membership.objects.filter(user=user).values_list("room_id", flat=True))
    rooms.update(Ban.objects.filter(user=user).values_list("room_id", flat=True))
    rooms.update(Message.objects.filter(author=user).values_list("room_id", flat=True).distinct())
    return rooms


def _take_out(room_id: UUID, user: User) -> None:
    """End a membership: the user can write there no more. A room without an owner gets another one."""
    with suppress(NotFound), transaction.atomic():
        room = log.lock(room_id)
        row = Membership.objects.select_related("user").filter(room=room, user=user).first()
        if row is not None:
            departures.take_out(room, row, "erased")


@transaction.atomic
def _empty_some(user: User, after: UUID) -> UUID | None:
    """Remove the content of the next messages, as many as one step changes. Return the last one; None if there are no
    more."""
    rows = Message.objects.filter(author=user, id__gt=after).order_by("id")
    found = dict(rows.values_list("id", "room")[:_AT_ONCE])
    # Locked: no member deletes these messages or reacts to them meanwhile; and purge does not remove deleted ones.
    list(Room.objects.select_for_update().filter(id__in=found.values()).order_by("id"))
    ids = list(found)
    emptied = Message.objects.filter(id__in=ids)
    emptied.filter(deleted_at=None).update(deleted_at=user.erasing_at)
    emptied.update(body="", data=None, client_ref=None, mentions=None, reactions=None)
    edits.empty(ids)
    said = {row.id: wire.message(row) for row in emptied.select_related("author")}
    events = Event.objects.filter(type__in=log.MESSAGE_EVENTS, message__in=ids)
    log.rewrite({event: said[event.message_id] for event in events if event.message_id})
    return ids[-1] if ids else None


def _rename(user: User) -> set[UUID]:
    """Rename the user in all other events, and return the rooms they are in. Events of a message name its author."""
    rooms: set[UUID] = set()
    last = Event.objects.aggregate(last=Max("id"))["last"] or 0
    for after in range(0, last, _LOOK_THROUGH):
        rooms |= _rename_some(user, after)
    return rooms


@transaction.atomic
def _rename_some(user: User, after: int) -> set[UUID]:
    """Rename the user in the next events, as many as one step reads."""
    some = Event.objects.exclude(type="message.created").filter(id__gt=after, id__lte=after + _LOOK_THROUGH)
    some = some.exclude(type__in=log.MESSAGE_EVENTS)
    telling = list(some.filter(payload__contains=str(user.id)).select_for_update().order_by("id"))
    now = wire.user(user)
    log.rewrite({event: _renamed(_without_words(event, user), now) for event in telling})
    return {event.room_id for event in telling}


def _without_words(event: Event, user: User) -> Any:
    """Return the `data` without content that the user sent in a custom event."""
    told = msgspec.json.decode(event.payload)["data"]
    if event.type.startswith("custom.") and told["sender"] is not None and told["sender"]["id"] == str(user.id):
        return told | {"data": None}
    return told


def _renamed(told: Any, user: wire.User) -> Any:
    """Return the value with the user's name replaced, at any depth."""
    if isinstance(told, list):
        return [_renamed(each, user) for each in told]
    if not isinstance(told, dict):
        return told
    if told.get("id") == str(user.id) and "username" in told:
        return told | {"username": user.username}
    return {name: _renamed(value, user) for name, value in told.items()}


def _tell(room_id: UUID, user: User) -> None:
    with suppress(NotFound), transaction.atomic():
        room = log.lock(room_id)
        assert user.erasing_at is not None
        log.append(room=room, type="user.erased", data=wire.Erasure(wire.user(user), wire.moment(user.erasing_at)))
