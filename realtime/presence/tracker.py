"""The users of this process in each room, and the task that writes them to the presence store (chat/presence/store.py).

It writes who is present, not what happened: after any loss it begins a new term and writes all users again.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from uuid import UUID

import redis

from chat import wire
from chat.presence import presence, store, stores
from chat.presence.store import Arrival, Departure, PresentUser
from realtime.concurrency.threads import aside
from realtime.presence.state import Own

logger = logging.getLogger(__name__)

# How long arrivals and departures are gathered.
_GATHER_SECONDS = 0.02
_RETRY_SECONDS = 1.0
_AT_ONCE = 500


class _Here:
    """A user in a room, with the number of their subscriptions. `since` is the stored time of arrival, once it is
    known."""

    __slots__ = ("came", "since", "subscriptions", "username")

    def __init__(self, username: str) -> None:
        self.username, self.subscriptions = username, 1
        self.came, self.since = int(time.time() * 1_000), 0


class Attending:
    """Tracks users. `changed` is called with rooms that should be read again."""

    def __init__(self, changed: Callable[[Collection[UUID]], None]) -> None:
        self._changed = changed
        self._process = secrets.token_hex(8)
        self._rooms: dict[UUID, dict[UUID, _Here]] = {}
        # Changes that are not written yet, and everything that was written in this term.
        self._touched: set[Departure] = set()
        self._said: set[Departure] = set()
        self._wake = asyncio.Event()
        # The ids used so far. The last one is the current term's if it has `begun`.
        self._terms: list[str] = []
        self._number = self._serial = 0
        self._begun = False
        self._renew_at = 0.0
        self.away = False

    # Users of this process

    def enter(self, room_id: UUID, user: wire.User) -> None:
        room = self._rooms.setdefault(room_id, {})
        if user.id in room:
            room[user.id].subscriptions += 1
        else:
            room[user.id] = _Here(user.username)
            self._touch(room_id, user.id)

    def leave(self, room_id: UUID, user_id: UUID) -> None:
        room = self._rooms[room_id]
        room[user_id].subscriptions -= 1
        if not room[user_id].subscriptions:
            del room[user_id]
            self._touch(room_id, user_id)
        if not room:
            del self._rooms[room_id]

    def own(self, room_id: UUID) -> Own:
        here = self._rooms.get(room_id, {})
        users = {user_id: PresentUser(each.username, each.since or each.came) for user_id, each in here.items()}
        return Own(self._process, users)

    def learn(self, room_id: UUID, users: Mapping[UUID, PresentUser]) -> None:
        """Take over the times of arrival that the store has for this process's users."""
        for user_id, here in self._rooms.get(room_id, {}).items():
            if user_id in users:
                here.since = users[user_id].since

    def _touch(self, room_id: UUID, user_id: UUID) -> None:
        self._touched.add(Departure(room_id, user_id))
        self._wake.set()

    # Writing to the store

    async def run(self) -> None:
        """Write changes and renew the lease, until cancelled."""
        while True:
            try:
                await self._say()
                self.away = False
                presence.log_store_available()
            except redis.RedisError as error:
                presence.log_store_unavailable(error)
                await self._begin_anew_later()
            except Exception:
                logger.exception("the presence of this process' users could not be stored; it is tried again")
                await self._begin_anew_later()
            else:
                await self._until_there_is_news()

    async def _begin_anew_later(self) -> None:
        self._begun, self.away = False, True
        await asyncio.sleep(_RETRY_SECONDS)

    async def end(self) -> None:
        """End the term at once: this process has no users any more."""
        self._begun = False
        with suppress(redis.RedisError):
            await self._end_terms(len(self._terms))

    async def _until_there_is_news(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._renew_at):
                await self._wake.wait()
        self._wake.clear()
        await asyncio.sleep(_GATHER_SECONDS)

    async def _say(self) -> None:
        if self._begun and asyncio.get_running_loop().time() >= self._renew_at:
            await self._renew()
        while not self._begun or self._touched:
            await (self._write() if self._begun else self._begin())
        await self._end_terms(len(self._terms) - 1)

    async def _begin(self) -> None:
        """Begin a term under a new id: writes of an earlier term that arrive late have no effect."""
        self._number += 1
        self._terms.append(f"{self._process}.{self._number}")
        self._expect_renewal()
        await aside(stores.get().begin, self._terms[-1])
        self._begun, self._serial, self._said = True, 0, set()
        self._touched = {Departure(room_id, user_id) for room_id, room in self._rooms.items() for user_id in room}

    async def _renew(self) -> None:
        self._expect_renewal()
        ended = await aside(stores.get().renew, self._terms[-1], self._serial)
        if ended is None:
            self._forgotten()
        for worker in ended or ():
            self._changed(await aside(stores.get().clear, worker))

    def _forgotten(self) -> None:
        logger.warning("the presence lease was lost; all users of this process are registered again")
        self._begun, self.away = False, True

    def _expect_renewal(self) -> None:
        self._renew_at = asyncio.get_running_loop().time() + store.RENEWAL_SECONDS

    async def _write(self) -> None:
        batch = [self._touched.pop() for _ in range(min(_AT_ONCE, len(self._touched)))]
        arrivals = [self._arrival(each) for each in batch if self._is_here(each) and each not in self._said]
        departures = [each for each in batch if not self._is_here(each) and each in self._said]
        if arrivals or departures:
            self._serial += 1
            if await aside(stores.get().write, self._terms[-1], self._serial, arrivals, departures):
                self._said |= {Departure(each.room_id, each.user_id) for each in arrivals}
                self._said -= set(departures)
                self._changed({each.room_id for each in arrivals} | {each.room_id for each in departures})
            else:
                self._forgotten()

    def _is_here(self, pair: Departure) -> bool:
        return pair.user_id in self._rooms.get(pair.room_id, {})

    def _arrival(self, pair: Departure) -> Arrival:
        here = self._rooms[pair.room_id][pair.user_id]
        since = here.since or (here.came if self.away else 0)
        return Arrival(pair.room_id, pair.user_id, here.username, since)

    async def _end_terms(self, count: int) -> None:
        for _ in range(count):
            self._changed(await aside(stores.get().end, self._terms[0]))
            del self._terms[0]
