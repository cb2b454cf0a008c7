"""The presence store: which users are in which rooms, as all processes know it.

Each process with sockets is a *worker*, and holds a lease that it renews every few seconds. Its users count as present
until its lease has ended and another worker clears them. A worker writes under an id that it uses for one *term*, and
numbers its writes: a worker that was cleared, or does not know which of its writes arrived, begins another term and
writes all its users again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from django.conf import settings

LEASE_SECONDS = 9
RENEWAL_SECONDS = 3
# Only a worker whose own last renewal is no older clears what others left: where Redis itself was away, all are late.
LATE_SECONDS = 4.5
# So long after Redis was emptied everybody has said everything again.
SETTLING_SECONDS = 5

# The version of a room that was never read, and that of one where nobody is.
UNKNOWN, NOBODY = "", "0"


# So many with the longest names fit into a frame, whatever the setting.
_LISTED = 300


def crowd() -> int:
    """Of more people than this there is but the count."""
    return min(settings.PRESENCE_USERS_MAX, _LISTED)


class PresentUser(NamedTuple):
    """Somebody who is in a room, since then (milliseconds of the epoch)."""

    username: str
    since: int


class Arrival(NamedTuple):
    """`since` 0 is now. Who is there already, by another worker, has been there since that one said."""

    room_id: UUID
    user_id: UUID
    username: str
    since: int = 0


class Departure(NamedTuple):
    room_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RoomPresence:
    """One room's. In a crowd there is but the count. `holders` are the workers that say so, for each user."""

    version: str
    count: int
    users: Mapping[UUID, PresentUser] | None
    holders: Mapping[UUID, Collection[str]]


class Reading(NamedTuple):
    """Of those rooms that are no longer of the version known. `living` are the workers whose leases go on, or ended so
    lately that somebody is about to clear them. While it is not `complete`, who is not in it may yet be there."""

    complete: bool
    living: Collection[str]
    rooms: Mapping[UUID, RoomPresence]


class Store(Protocol):
    """Any of them raises redis.RedisError while Redis is away: nobody knows then what has arrived."""

    def begin(self, worker: str) -> None:
        """A term begins, with a lease."""

    def write(self, worker: str, serial: int, arrivals: Sequence[Arrival], departures: Sequence[Departure]) -> bool:
        """What has changed, numbered 1, 2, 3 … False if it does not follow what was said before: the term is over."""

    def renew(self, worker: str, serial: int) -> Collection[str] | None:
        """The lease goes on, and these workers are to be cleared; None if the term is over, or what was said up to
        `serial` is not all there."""

    def clear(self, worker: str) -> set[UUID]:
        """Forget all that somebody said whose lease has ended; says of which rooms."""

    def end(self, worker: str) -> set[UUID]:
        """A term ends now, and is cleared."""

    def read(self, known: Mapping[UUID, str]) -> Reading:
        """These rooms, as far as they are of another version than what is known."""
