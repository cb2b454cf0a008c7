"""What a process knows of a room's company, how that changes with what it reads, and how a change is told.

Nothing here does anything: these are values, and functions of them.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.utils import timezone

from chat import wire
from chat.presence import presence
from chat.presence.presence import View
from chat.presence.store import UNKNOWN, PresentUser, RoomPresence


class Known(NamedTuple):
    """A view, the version that it is of, and who of them is there by other processes."""

    view: View
    version: str
    elsewhere: Collection[UUID]


NOTHING = Known(presence.NOTHING, UNKNOWN, frozenset())


class Own(NamedTuple):
    """A process's name, with which the names of its terms begin, and whom it has in a room itself."""

    process: str
    users: Mapping[UUID, PresentUser]


def read(known: Known, found: RoomPresence | None, own: Own, *, complete: bool) -> Known:
    """What is known when a room has been read; `found` is None when it is of the version known. Ours don't go while
    they are here, whatever the others have forgotten; while it is not complete, nobody goes but those who were."""
    if found is None:
        return known if complete else Known(replace(known.view, complete=False), UNKNOWN, known.elsewhere)
    elsewhere = {user_id for user_id, holders in found.holders.items() if not _ours(own, holders)}
    version = found.version if complete else UNKNOWN
    stay = elsewhere if complete else elsewhere | set(known.elsewhere)
    if found.users is None:
        return Known(View(found.count, None, complete), version, stay)
    remaining = _remaining(known, own, () if complete else known.elsewhere)
    return _of_these(known, {**remaining, **found.users}, complete, version, stay)


def unread(known: Known, own: Own) -> Known:
    """What is known while nobody can be asked: our own as they are, the others as they were."""
    if known.view.users is None:
        return Known(replace(known.view, complete=False), UNKNOWN, known.elsewhere)
    users = {**own.users, **_remaining(known, own, known.elsewhere)}
    return _of_these(known, users, False, UNKNOWN, known.elsewhere)


def _ours(own: Own, holders: Collection[str]) -> bool:
    return all(holder.startswith(own.process) for holder in holders)


def _remaining(known: Known, own: Own, elsewhere: Collection[UUID]) -> dict[UUID, PresentUser]:
    users = known.view.users or {}
    return {user_id: each for user_id, each in users.items() if user_id in own.users or user_id in elsewhere}


def _of_these(
    known: Known, users: Mapping[UUID, PresentUser], complete: bool, version: str, elsewhere: Collection[UUID]
) -> Known:
    """The same object, if they are the same: that is how it is seen that somebody was told of them."""
    same = known.view.users if known.view.users == users else users
    return Known(View(len(users), same, complete), version, elsewhere)


# Telling


def up_to_date(told: View, now: View) -> bool:
    """Whether there is nothing to tell to who knows this. That some may be missing now is no news: others hear of
    their going when it is sure."""
    return told.users is now.users and told.count == now.count and (told.complete or not now.complete)


def difference(room_id: UUID, told: View, now: View) -> tuple[list[str], View]:
    """The frames for somebody who was told the one, and what they have been told then."""
    if told.users is None or now.users is None or (now.complete and not told.complete):
        return [counted(presence.to_wire(room_id, now))], now
    frames = list(_comings_and_goings(room_id, told.users, now.users))
    return frames, View(now.count, now.users, told.complete)


def counted(there: wire.Presence) -> str:
    """The frame that says all of it."""
    return _frame("presence.counted", there.room, there)


def _comings_and_goings(
    room_id: UUID, before: Mapping[UUID, PresentUser], after: Mapping[UUID, PresentUser]
) -> Iterator[str]:
    """Whoever is there since another moment went, and came again."""
    for user_id, user in before.items():
        if after.get(user_id) != user:
            yield _frame("presence.left", room_id, wire.Absent(wire.User(user_id, user.username)))
    for user_id, user in after.items():
        if before.get(user_id) != user:
            yield _frame("presence.joined", room_id, presence.present(user_id, user))


def _frame(type: str, room_id: UUID, data: Any) -> str:
    return wire.encode(wire.Passing(type, room_id, wire.moment(timezone.now()), data)).decode()
