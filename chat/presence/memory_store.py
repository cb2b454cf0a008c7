"""The presence store in the memory of one process, without Redis."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import NamedTuple
from uuid import UUID

from chat.presence.store import (
    LATE_SECONDS,
    LEASE_SECONDS,
    NOBODY,
    Arrival,
    Departure,
    PresentUser,
    Reading,
    RoomPresence,
    crowd,
)


class _Held(NamedTuple):
    user: PresentUser
    workers: set[str]


class Memory:
    """The store of one process. `clock` returns seconds since 1970."""

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
            return Reading(True, living, {room: self._presence(room) for room in changed})

    def _add(self, worker: str, arrival: Arrival) -> None:
        room_id, user_id, username, since = arrival
        self._said[worker].add((room_id, user_id))
        user = PresentUser(username, since or int(self._clock() * 1_000))
        held = self._rooms.setdefault(room_id, {}).setdefault(user_id, _Held(user, set()))
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

    def _presence(self, room_id: UUID) -> RoomPresence:
        room, version = self._rooms.get(room_id, {}), self._version.get(room_id, NOBODY)
        if len(room) > crowd():
            return RoomPresence(version, len(room), None, {})
        users = {user_id: held.user for user_id, held in room.items()}
        return RoomPresence(version, len(room), users, {user_id: tuple(held.workers) for user_id, held in room.items()})
