"""Presence of the rooms that this process watches, and the changes that are sent to their subscribers.

A subscription with `present` shows its user in the room, and is sent changes. What it is sent is the difference between
the state it was sent last and the state known now. So lost hints, killed processes and Redis outages are corrected by
the next reading, and nothing is sent twice. A change is sent when the subscription's feed has reached the head that the
room had after it: a user who was removed meanwhile is no longer subscribed then.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import redis

from chat import wire
from chat.eventlog.log import Head
from chat.presence import presence, stores
from chat.presence.presence import View
from chat.presence.store import UNKNOWN, Reading
from core.outages import reason
from realtime.concurrency.batching import BatchLoader
from realtime.concurrency.tasks import Tasks
from realtime.concurrency.threads import aside
from realtime.delivery.bursts import Burst
from realtime.delivery.feed import Subscription
from realtime.delivery.layer_listener import Audience
from realtime.delivery.log_source import Source
from realtime.presence import state
from realtime.presence.state import NOTHING, Known
from realtime.presence.tracker import Attending

logger = logging.getLogger(__name__)

# The interval of readings without a hint.
_LOOK_SECONDS = 3.0
# How long hints are gathered, and how long changes wait for feeds between two attempts.
_GATHER_SECONDS = 0.02
_WAIT_SECONDS = 0.05
# The least interval between two counts of a crowded room.
_CROWD_SECONDS = 1.0


class _Room:
    """A watched room. `told` has the state that each subscription was sent last; `head` is the room's head after
    `known` became true."""

    __slots__ = ("head", "known", "quiet_until", "told")

    def __init__(self, known: Known) -> None:
        self.known = known
        self.head: Head | None = None
        self.told: dict[Subscription, View] = {}
        self.quiet_until = 0.0

    @property
    def has_news(self) -> bool:
        now = self.known.view
        return any(not state.up_to_date(told, now) for told in self.told.values())


def _read_all(asked: Sequence[Collection[UUID]]) -> list[Reading]:
    """Read the rooms of several questions at once. Runs in a thread."""
    room_ids = {room_id for one in asked for room_id in one}
    return [stores.get().read(dict.fromkeys(room_ids, UNKNOWN))] * len(asked)


class Presence:
    """The presence notifications of a process. All methods run on one event loop."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._attending = Attending(presence.announce)
        self._rooms: dict[UUID, _Room] = {}
        # When to read which rooms, and when to wake up.
        self._due: dict[UUID, float] = {}
        self._all_due = 0.0
        self._wake = asyncio.Event()
        self._unwatched: BatchLoader[Collection[UUID], Reading] = BatchLoader(_read_all)
        self._tasks = Tasks()
        self._started = False
        self.audience = Audience(presence.ANNOUNCEMENT, self._hear, self._look_at_all, presence.GROUP)

    def start(self) -> None:
        """Start before any user is present: it also clears the users of processes that were killed."""
        if not self._started:
            self._started = True
            presence.local.view = self._local_view
            self._tasks.keep(self._attending.run)
            self._tasks.keep(self._watch)

    async def aclose(self) -> None:
        if self._started:
            self._started = False
            await self._tasks.cancel()
            await self._attending.end()
            self._rooms.clear()

    # Subscriptions

    async def views(self, room_ids: Collection[UUID]) -> dict[UUID, Known]:
        """Return the states that `enter` needs. Call it before the right to the rooms is checked: a user who loses the
        right meanwhile must not see what happened afterwards."""
        self.start()
        known = dict.fromkeys(room_ids, NOTHING) | self._known(room_ids)
        if unwatched := known.keys() - self._rooms.keys():
            try:
                reading = await self._unwatched(unwatched)
            except redis.RedisError as error:
                presence.log_store_unavailable(error)
            else:
                for room_id in unwatched:
                    own = self._attending.own(room_id)
                    known[room_id] = state.read(NOTHING, reading.rooms[room_id], own, complete=reading.complete)
        return known | self._known(room_ids)

    def enter(self, subscription: Subscription, username: str, known: Known) -> wire.Presence:
        """Make a subscription present, and return the state to send first, from which changes continue."""
        room_id = subscription.feed.room_id
        room = self._rooms.setdefault(room_id, _Room(known))
        room.told[subscription] = known.view
        self._attending.enter(room_id, wire.User(subscription.subscriber.user_id, username))
        self._look_at(room_id)
        return presence.to_wire(room_id, known.view)

    def leave(self, subscription: Subscription) -> None:
        room_id = subscription.feed.room_id
        room = self._rooms.get(room_id)
        if room is None or room.told.pop(subscription, None) is None:
            return
        self._attending.leave(room_id, subscription.subscriber.user_id)
        if room.told:
            self._look_at(room_id)
        else:
            del self._rooms[room_id]

    def _known(self, room_ids: Iterable[UUID]) -> dict[UUID, Known]:
        return {room_id: self._rooms[room_id].known for room_id in room_ids if room_id in self._rooms}

    def _local_view(self, room_id: UUID) -> View:
        """Return the state of a room as this process knows it. May be called from any thread."""
        room = self._rooms.get(room_id)
        return presence.NOTHING if room is None else replace(room.known.view, complete=False)

    # Reading

    def _hear(self, message: dict[str, Any]) -> None:
        for name in message["rooms"]:
            room_id = UUID(name)
            if room_id in self._rooms:
                self._look_at(room_id)

    def _look_at(self, room_id: UUID, at: float | None = None) -> None:
        now = asyncio.get_running_loop().time()
        wanted = max(at or now, self._rooms[room_id].quiet_until)
        self._due[room_id] = min(wanted, self._due.get(room_id, wanted))
        self._wake.set()

    def _look_at_all(self) -> None:
        self._all_due = 0.0
        self._wake.set()

    async def _watch(self) -> None:
        while True:
            try:
                await self._look(await self._what_is_due())
            except Exception:
                logger.exception("the presence notifications of one round failed")
                await asyncio.sleep(_CROWD_SECONDS)

    async def _what_is_due(self) -> dict[UUID, _Room]:
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            now = loop.time()
            if now >= self._all_due:
                self._all_due = now + _LOOK_SECONDS
                self._due.clear()
                return dict(self._rooms)
            due = [room_id for room_id, at in self._due.items() if at <= now]
            for room_id in due:
                del self._due[room_id]
            if rooms := {room_id: self._rooms[room_id] for room_id in due if room_id in self._rooms}:
                return rooms
            with suppress(TimeoutError):
                async with asyncio.timeout_at(min([self._all_due, *self._due.values()])):
                    await self._wake.wait()
            await asyncio.sleep(_GATHER_SECONDS)

    async def _look(self, rooms: Mapping[UUID, _Room]) -> None:
        for room_id, room in rooms.items():
            self._tell(room_id, room)  # changes that waited for feeds go before new ones
        reading = await self._read(rooms)
        for room_id, room in rooms.items():
            self._know(room_id, room, reading)
        await self._ask_heads(rooms)
        for room_id, room in rooms.items():
            self._tell(room_id, room)

    async def _read(self, rooms: Mapping[UUID, _Room]) -> Reading | None:
        try:
            known = {room_id: room.known.version for room_id, room in rooms.items()}
            reading = await aside(stores.get().read, known) if known else None
        except redis.RedisError as error:
            presence.log_store_unavailable(error)
            return None
        if reading is not None:
            presence.log_store_available()
        return reading

    def _know(self, room_id: UUID, room: _Room, reading: Reading | None) -> None:
        before, own = room.known.view, self._attending.own(room_id)
        if reading is None:
            room.known = state.unread(room.known, own)
        else:
            room.known = state.read(room.known, reading.rooms.get(room_id), own, complete=reading.complete)
        now = room.known.view
        if not state.up_to_date(before, now):
            room.head = None
        if now.complete and now.users:
            self._attending.learn(room_id, now.users)

    async def _ask_heads(self, rooms: Mapping[UUID, _Room]) -> None:
        """Read the heads of the rooms that have changes to send."""
        wanted = {room_id: room for room_id, room in rooms.items() if room.head is None and room.has_news}
        if not wanted:
            return
        try:
            heads = await self._source.heads(wanted.keys(), {})
        except Exception as error:  # tried again
            logger.error("presence notifications wait for the database: %s", reason(error))
            return
        for room_id, room in wanted.items():
            room.head = heads.get(room_id)

    # Sending

    def _tell(self, room_id: UUID, room: _Room) -> None:
        now = asyncio.get_running_loop().time()
        if room.head is None or self._rooms.get(room_id) is not room or not room.has_news:
            return
        if now < room.quiet_until:
            self._look_at(room_id, room.quiet_until)
            return
        if room.known.view.users is None:
            room.quiet_until = now + _CROWD_SECONDS
        if not self._tell_watchers(room_id, room, room.head):
            self._look_at(room_id, now + _WAIT_SECONDS)

    def _tell_watchers(self, room_id: UUID, room: _Room, head: Head) -> bool:
        """Send the changes of a room. False if a subscription's feed has not reached the head; those behind are sent
        theirs later."""
        waiting, view = False, room.known.view
        news: dict[int, tuple[Burst, View]] = {}
        for subscription, told in list(room.told.items()):
            feed = subscription.feed
            if state.up_to_date(told, view) or subscription not in feed.live:
                continue
            if feed.epoch != head.epoch:
                room.head = None  # of another epoch: the head is read again
            elif feed.position < head.seq:
                waiting = True
            else:
                if id(told) not in news:
                    frames, then = state.difference(room_id, told, view)
                    news[id(told)] = Burst(frames), then
                burst, then = news[id(told)]
                if subscription.subscriber.offer(burst) and subscription in room.told:
                    room.told[subscription] = then
        return not waiting
