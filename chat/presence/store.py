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
# Only a worker whose own renewal is no older clears others: after an outage of Redis, all are late.
LATE_SECONDS = 4.5
# After this time all workers have written all their users again to a Redis that was emptied.
SETTLING_SECONDS = 5

# The version of a room that was never read, and that of a room without users.
UNKNOWN, NOBODY = "", "0"


# The number of users with the longest names that fit into a frame.
_LISTED = 300


def crowd() -> int:
    """Return the number of users above which a room's presence is only counted."""
    return min(settings.PRESENCE_USERS_MAX, _LISTED)


class PresentUser(NamedTuple):
    """A user who is present in a room. `since` is in milliseconds since 1970."""

    username: str
    since: int


class Arrival(NamedTuple):
    """A user to add. `since` 0 is now; a user whom another worker holds keeps the time stored there."""

    room_id: UUID
    user_id: UUID
    username: str
    since: int = 0


class Departure(NamedTuple):
    room_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class RoomPresence:
    """The presence of one room. `users` is None in a crowd. `holders` are the workers that hold each user."""

    version: str
    count: int
    users: Mapping[UUID, PresentUser] | None
    holders: Mapping[UUID, Collection[str]]


class Reading(NamedTuple):
    """The rooms whose version differs from the known one.

    `living` are the workers whose lease is valid, or has ended so recently that another worker is about to clear them.
    While it is not `complete`, users may be missing.
    """

    complete: bool
    living: Collection[str]
    rooms: Mapping[UUID, RoomPresence]


class Store(Protocol):
    """A presence store. Methods raise redis.RedisError while Redis is unavailable: a write may have arrived or not."""

    def begin(self, worker: str) -> None:
        """Begin a term, with a lease."""

    def write(self, worker: str, serial: int, arrivals: Sequence[Arrival], departures: Sequence[Departure]) -> bool:
        """Write changes, numbered 1, 2, 3 … False if the number does not follow the last one: the term is over."""

    def renew(self, worker: str, serial: int) -> Collection[str] | None:
        """Renew the lease, and return the workers to clear. None if the term is over, or a write up to `serial` is
        missing."""

    def clear(self, worker: str) -> set[UUID]:
        """Remove the users of a worker whose lease has ended. Return the rooms that have changed."""

    def end(self, worker: str) -> set[UUID]:
        """End a term now and remove its users. Return the rooms that have changed."""

    def read(self, known: Mapping[UUID, str]) -> Reading:
        """Return those of the rooms whose version is not the known one."""
