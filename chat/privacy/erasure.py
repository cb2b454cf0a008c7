"""Erasing somebody: nothing they wrote, and no name of theirs, is left in the rooms, nor in the logs that tell of them.

It goes in small steps, each a transaction of its own that may be done twice, because somebody may have written for
years. Who is erased can do nothing any more from the first step on; a process that dies leaves the rest to `resume`.
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
# Events that are looked through at once: the log of all rooms is long, and no statement may take for ever.
_LOOK_THROUGH = 100_000


def erase(*, user_id: UUID, password: str, address: str | None = None) -> None:
    """By the password. Raises InvalidCredentials or RateLimited."""
    users.confirm_password(user_id=user_id, password=password, address=address)
    erase_unasked(user_id=user_id)


def erase_unasked(*, user_id: UUID) -> bool:
    """Erase a user without their password, and return whether that had not begun before. Not in a transaction of the
    caller's: each step is one of its own."""
    user = users.erase(user_id=user_id)
    if user is None:
        return False
    try:
        _clear(user)
    except (DatabaseError, InterfaceError):
        logger.exception("an erasure was interrupted; `manage.py finish_erasures` or a server continues it")
    return True


def resume() -> int:
    """Finish what was begun; says how many there were. One that fails holds up no other; two processes may do so at
    once. Raises what the last that failed raised."""
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
    """Where somebody may be about to say their name."""
    rooms = set(Membership.objects.filter(user=user).values_list("room_id", flat=True))
    rooms.update(Ban.objects.filter(user=user).values_list("room_id", flat=True))
    rooms.update(Message.objects.filter(author=user).values_list("room_id", flat=True).distinct())
    return rooms


def _take_out(room_id: UUID, user: User) -> None:
    """From now on they can't write there. A room that would have no owner gets the one who is longest in charge; one
    that is gone, nobody."""
    with suppress(NotFound), transaction.atomic():
        room = log.lock(room_id)
        row = Membership.objects.select_related("user").filter(room=room, user=user).first()
        if row is not None:
            departures.take_out(room, row, "erased")


@transaction.atomic
def _empty_some(user: User, after: UUID) -> UUID | None:
    """The messages after this one, as many as are changed at once: the last of them, or None when there are no more."""
    rows = Message.objects.filter(author=user, id__gt=after).order_by("id")
    found = dict(rows.values_list("id", "room")[:_AT_ONCE])
    # Nobody deletes these messages meanwhile, or reacts to them; nor does purge, whose the deleted ones are.
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
    """In what else tells of them; says in which rooms that is. (What tells of a message tells of its author.)"""
    rooms: set[UUID] = set()
    last = Event.objects.aggregate(last=Max("id"))["last"] or 0
    for after in range(0, last, _LOOK_THROUGH):
        rooms |= _rename_some(user, after)
    return rooms


@transaction.atomic
def _rename_some(user: User, after: int) -> set[UUID]:
    """Of the events after this one, as many as are looked through at once."""
    some = Event.objects.exclude(type="message.created").filter(id__gt=after, id__lte=after + _LOOK_THROUGH)
    some = some.exclude(type__in=log.MESSAGE_EVENTS)
    telling = list(some.filter(payload__contains=str(user.id)).select_for_update().order_by("id"))
    now = wire.user(user)
    log.rewrite({event: _renamed(_without_words(event, user), now) for event in telling})
    return {event.room_id for event in telling}


def _without_words(event: Event, user: User) -> Any:
    """Its `data`; of an event of the app's own that they sent, without what they had it say."""
    told = msgspec.json.decode(event.payload)["data"]
    if event.type.startswith("custom.") and told["sender"] is not None and told["sender"]["id"] == str(user.id):
        return told | {"data": None}
    return told


def _renamed(told: Any, user: wire.User) -> Any:
    """Wherever something tells of a user, at whatever depth."""
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
