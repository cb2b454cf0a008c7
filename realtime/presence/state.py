"""What a process knows of a room's presence, how a reading changes it, and the frames of a change.

Values and pure functions only.
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
    """A state and its version, with the users who are present by other processes."""

    view: View
    version: str
    elsewhere: Collection[UUID]


NOTHING = Known(presence.NOTHING, UNKNOWN, frozenset())


class Own(NamedTuple):
    """This process's id in the presence store, with which the ids of its terms begin, and its own users in a room."""

    process: str
    users: Mapping[UUID, PresentUser]


def read(known: Known, found: RoomPresence | None, own: Own, *, complete: bool) -> Known:
    """Merge a store reading into the known state.

    `found` is None if the stored version is unchanged. Users connected to this process are kept in any case. If the
    reading is not complete, remote users are kept too.
    """
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
    """Return the state while the store is unavailable: own users as they are, remote users as they were."""
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
    """Return the same object for equal states: an identity comparison shows whether a subscription was sent it."""
    same = known.view.users if known.view.users == users else users
    return Known(View(len(users), same, complete), version, elsewhere)


# Frames


def up_to_date(told: View, now: View) -> bool:
    """Whether a subscription that was sent `told` needs no change. Becoming incomplete is no change: departures are
    sent when they are certain."""
    return told.users is now.users and told.count == now.count and (told.complete or not now.complete)


def difference(room_id: UUID, told: View, now: View) -> tuple[list[str], View]:
    """Return the frames that lead from the one state to the other, and the state that is then sent."""
    if told.users is None or now.users is None or (now.complete and not told.complete):
        return [counted(presence.to_wire(room_id, now))], now
    frames = list(_comings_and_goings(room_id, told.users, now.users))
    return frames, View(now.count, now.users, told.complete)


def counted(there: wire.Presence) -> str:
    """Return the frame with the whole presence of a room."""
    return _frame("presence.counted", there.room, there)


def _comings_and_goings(
    room_id: UUID, before: Mapping[UUID, PresentUser], after: Mapping[UUID, PresentUser]
) -> Iterator[str]:
    """Yield the frames of arrivals and departures. A user with another `since` has left and come back."""
    for user_id, user in before.items():
        if after.get(user_id) != user:
            yield _frame("presence.left", room_id, wire.Absent(wire.User(user_id, user.username)))
    for user_id, user in after.items():
        if before.get(user_id) != user:
            yield _frame("presence.joined", room_id, presence.present(user_id, user))


def _frame(type: str, room_id: UUID, data: Any) -> str:
    return wire.encode(wire.Passing(type, room_id, wire.moment(timezone.now()), data)).decode()
