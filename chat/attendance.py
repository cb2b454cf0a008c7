"""Who is in which room, as all processes know it: in Redis, or in this process's memory without it.

Each process with sockets is a *worker*, and holds a lease that it renews every few seconds. What it says counts until
its lease has ended and another worker clears it away. It says everything under a name that it takes for one *term*, and
numbers what it says: whoever was forgotten, or is not sure what has arrived, begins another term and says all again.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
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


class Attendee(NamedTuple):
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
class Attendance:
    """One room's. In a crowd there is but the count. `holders` are the workers that say so, for each user."""

    version: str
    count: int
    users: Mapping[UUID, Attendee] | None
    holders: Mapping[UUID, Collection[str]]


class Reading(NamedTuple):
    """Of those rooms that are no longer of the version known. `living` are the workers whose leases go on, or ended so
    lately that somebody is about to clear them. While it is not `complete`, who is not in it may yet be there."""

    complete: bool
    living: Collection[str]
    rooms: Mapping[UUID, Attendance]


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


class _Held(NamedTuple):
    attendee: Attendee
    workers: set[str]


class Memory:
    """For one process. `clock` is in seconds of the epoch."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._versions = count(1)
        self._rooms: dict[UUID, dict[UUID, _Held]] = {}
        self._version: dict[UUID, str] = {}
        self._leases: dict[str, float] = {}
        self._serials: dict[str, int] = {}
        self._said: dict[str, set[tuple[UUID, UUID]]] = {}

    def begin(self, worker: str) -> None:
        with self._lock:
            self._leases[worker] = self._clock() + LEASE_SECONDS
            self._serials[worker] = 0
            self._said[worker] = set()

    def write(self, worker: str, serial: int, arrivals: Sequence[Arrival], departures: Sequence[Departure]) -> bool:
        with self._lock:
            if self._serials.get(worker) != serial - 1:
                return self._serials.get(worker) == serial
            self._serials[worker] = serial
            for arrival in arrivals:
                self._add(worker, arrival)
            for room_id, user_id in departures:
                self._said[worker].discard((room_id, user_id))
                self._drop(worker, room_id, user_id)
            return True

    def renew(self, worker: str, serial: int) -> Collection[str] | None:
        with self._lock:
            if self._serials.get(worker) != serial:
                return None
            now, ends = self._clock(), self._leases[worker]
            self._leases[worker] = now + LEASE_SECONDS
            if ends - now <= LEASE_SECONDS - LATE_SECONDS:
                return []
            return [each for each, end in self._leases.items() if end <= now]

    def clear(self, worker: str) -> set[UUID]:
        with self._lock:
            if self._leases.get(worker, float("inf")) > self._clock():
                return set()
            return self._forget(worker)

    def end(self, worker: str) -> set[UUID]:
        with self._lock:
            return self._forget(worker)

    def read(self, known: Mapping[UUID, str]) -> Reading:
        with self._lock:
            now = self._clock()
            changed = [room for room, version in known.items() if version != self._version.get(room, NOBODY)]
            living = [worker for worker, ends in self._leases.items() if ends > now - LATE_SECONDS]
            return Reading(True, living, {room: self._attendance(room) for room in changed})

    def _add(self, worker: str, arrival: Arrival) -> None:
        room_id, user_id, username, since = arrival
        self._said[worker].add((room_id, user_id))
        attendee = Attendee(username, since or int(self._clock() * 1_000))
        held = self._rooms.setdefault(room_id, {}).setdefault(user_id, _Held(attendee, set()))
        held.workers.add(worker)
        self._version[room_id] = str(next(self._versions))

    def _drop(self, worker: str, room_id: UUID, user_id: UUID) -> None:
        room = self._rooms.get(room_id, {})
        held = room.get(user_id)
        if held is None or worker not in held.workers:
            return
        held.workers.discard(worker)
        if not held.workers:
            del room[user_id]
        self._version[room_id] = str(next(self._versions))
        if not room:
            del self._rooms[room_id], self._version[room_id]

    def _forget(self, worker: str) -> set[UUID]:
        self._leases.pop(worker, None)
        self._serials.pop(worker, None)
        said = self._said.pop(worker, set())
        for room_id, user_id in said:
            self._drop(worker, room_id, user_id)
        return {room_id for room_id, _ in said}

    def _attendance(self, room_id: UUID) -> Attendance:
        room, version = self._rooms.get(room_id, {}), self._version.get(room_id, NOBODY)
        if len(room) > crowd():
            return Attendance(version, len(room), None, {})
        users = {user_id: held.attendee for user_id, held in room.items()}
        return Attendance(version, len(room), users, {user_id: tuple(held.workers) for user_id, held in room.items()})


_making = threading.Lock()


def store() -> Store:
    with _making:  # two that are made at once would know each half
        return _stores(settings.REDIS_URL, settings.REDIS_PREFIX)


@cache
def _stores(url: str, prefix: str) -> Store:
    from chat.attendance_redis import Shared  # which has its words from here

    return Shared(url, prefix) if url else Memory()
