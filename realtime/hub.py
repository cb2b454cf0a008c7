"""The hub: one per process, between the channel layer, the log and the sockets.

Announcements are hints. Whatever they lose, reorder or repeat, each feed (realtime/feed.py) delivers the log's
own sequence: a hole that isn't filled within moments is read from the log, and a reconciler finds the lost last
event that no hole betrays. It holds no rules: who may hear a room was decided before `start`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings

from chat.log import Entry, Head
from realtime import protocol
from realtime.feed import RING_EVENTS, Feed, Subscriber, Subscription, runs
from realtime.link import Link
from realtime.pace import Pace
from realtime.source import Source

logger = logging.getLogger(__name__)

# How long a hole may stay before the log is asked: a reordering heals itself within that.
_HOLE_SECONDS = 0.05
_RETRY_SECONDS = 0.5
_PAGE = 500


class Hub:
    """Subscriptions of all this process's connections. Everything here runs on one event loop."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._pace = Pace(clock)
        self._feeds: dict[UUID, Feed] = {}
        self._link: Link | None = None
        self._look_now = asyncio.Event()
        self._repairs: dict[Feed, asyncio.Task[None]] = {}
        self._recalls: dict[Feed, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def _running(self) -> Link:
        """Begin listening with the first subscription, under any ASGI server, with lifespan or without."""
        if self._link is None:
            self._link = Link(heard=self._on_announcement, joined=self._on_joined)
            self._spawn(self._link.run())
            self._spawn(self._reconcile())
        return self._link

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task of the hub failed", exc_info=task.exception())

    async def aclose(self) -> None:
        """Stop listening and reading; the sockets are their server's to close."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._feeds.clear()
        self._repairs.clear()
        self._recalls.clear()
        self._pace.stop()
        self._link = None

    # Subscribing

    def subscribe(self, subscriber: Subscriber, room_id: UUID, head: Head, cursor: int) -> Subscription:
        """A subscription to all past `cursor`, in a room that stood at `head` when the right to it was checked.

        Nothing is sent before `start`, so that a reply can go first; nothing is lost in between.
        """
        feed = self._feeds.get(room_id)
        if feed is None:
            feed = self._feeds[room_id] = Feed(room_id, head, self._catch_up_later)
            self._running().want(room_id)
        elif feed.epoch != head.epoch:
            self._restart(feed, head, "epoch")
        subscription = Subscription(subscriber, feed, cursor, granted=head.seq)
        feed.behind[subscription] = None
        return subscription

    def start(self, subscription: Subscription) -> None:
        """Send what was missed, then what comes."""
        if subscription in subscription.feed and not subscription.feed.go_live(subscription):
            self._catch_up_later(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        feed = subscription.feed
        feed.drop(subscription)
        if not feed.subscriptions:
            linger = settings.REALTIME_LINGER_SECONDS
            asyncio.get_running_loop().call_later(linger, self._close_if_idle, feed)

    def _close_if_idle(self, feed: Feed) -> None:
        """Leave a room nobody has come back to. Clients that reconnect find it still warm."""
        if not feed.subscriptions and self._feeds.get(feed.room_id) is feed and self._link is not None:
            del self._feeds[feed.room_id]
            self._pace.forget(feed)
            self._link.unwant(feed.room_id)

    # Hearing

    def _on_announcement(self, message: dict[str, Any]) -> None:
        feed = self._feeds.get(UUID(message["room"]))
        if feed is None or str(feed.epoch) != message["epoch"]:
            return  # left meanwhile; or counted anew, which the reconciler sees to
        feed.offer(enumerate(message["payloads"], message["seq"]))
        self._pace.deliver(feed)
        if feed.has_hole:
            asyncio.get_running_loop().call_later(_HOLE_SECONDS, self._repair_hole, feed)

    def _on_joined(self, room_id: UUID) -> None:
        """What was announced before we listened is in the log."""
        self._look_now.set()

    def _repair_hole(self, feed: Feed) -> None:
        if feed.has_hole and self._feeds.get(feed.room_id) is feed:
            self._repair(feed)

    # Repairing

    def _repair(self, feed: Feed, head: int = 0) -> asyncio.Task[None]:
        """Bring a feed up to the log, which is known to have come to `head`; one reader, however many ask."""
        task = self._repairs.get(feed)
        if task is None or task.done():
            task = self._repairs[feed] = self._spawn(self._read_forward(feed, head))
        return task

    async def _read_forward(self, feed: Feed, head: int) -> None:
        more = True
        while more:
            entries = await self._read(feed, feed.head)
            if entries is None:
                head = 0  # known of another counting
                continue
            gone = feed.fill(entries) if entries else head
            if gone is not None and gone > feed.head:
                self._restart(feed, Head(feed.epoch, gone), "pruned")
                feed.fill(entries)
            self._pace.deliver(feed)
            more = len(entries) == _PAGE
        self._repairs.pop(feed, None)

    async def _read(self, feed: Feed, after: int) -> list[Entry] | None:
        """From the log, for as long as it takes the database to answer and somebody waits for it.

        None if the counting changed meanwhile.
        """
        restarts = feed.restarts
        while feed.subscriptions:
            try:
                entries = await self._source.read(room_id=feed.room_id, after=after, limit=_PAGE)
            except Exception as error:  # a database that is away comes back; the sockets wait for it
                logger.error("the log of room %s can't be read: %r", feed.room_id, error)
            else:
                return entries if feed.restarts == restarts else None
            await asyncio.sleep(_RETRY_SECONDS)
        return []

    def _restart(self, feed: Feed, head: Head, reason: str) -> None:
        logger.warning("room %s goes on from %s: %s", feed.room_id, head.seq, reason)
        frame = protocol.encode(protocol.Resync(feed.room_id, head.epoch, head.seq, reason))
        for subscription in feed.restart(head):
            subscription.subscriber.tell(frame)
        if reason == "epoch":
            self._spawn(self._check_rights(feed))

    async def _check_rights(self, feed: Feed) -> None:
        """Who may read a room has changed with the backup that was restored."""
        while users := {each.subscriber.user_id for each in feed.subscriptions}:
            try:
                readers = await self._source.readers(room_id=feed.room_id, user_ids=users)
            except Exception as error:  # a database that is away comes back
                logger.error("the rights to room %s can't be checked: %r", feed.room_id, error)
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            for subscription in feed.subscriptions:
                if subscription.subscriber.user_id in users - readers:
                    feed.end(subscription, "removed")
            return

    # Catching up

    def _catch_up_later(self, subscription: Subscription) -> None:
        self._spawn(self._catch_up(subscription))

    async def _catch_up(self, subscription: Subscription) -> None:
        """A slow reader costs itself and nobody else; a bug of ours ends its subscription, for it to begin again."""
        try:
            await self._bring_up(subscription)
        except Exception:
            logger.exception("a subscription to room %s could not be brought up", subscription.feed.room_id)
            subscription.feed.end(subscription, "failed")

    async def _bring_up(self, subscription: Subscription) -> None:
        """Read a subscription what it missed until it can go live."""
        feed = subscription.feed
        while await subscription.subscriber.drained() and subscription in feed.behind:
            if subscription.cursor > feed.head:
                await self._repair(feed, subscription.cursor)
            elif feed.go_live(subscription):
                return
            elif feed.recent(subscription.cursor) is None:
                await self._recall(feed, subscription)
                if feed.recent(subscription.cursor) is None:
                    await self._read_back(subscription)

    async def _recall(self, feed: Feed, subscription: Subscription) -> None:
        """One reading of what many missed who are about as far behind: all who were in a room and lost it at once."""
        if subscription.cursor >= feed.position - RING_EVENTS:
            task = self._recalls.get(feed)
            if task is None:
                task = self._recalls[feed] = self._spawn(self._read_recent(feed))
            await asyncio.wait([task])

    async def _read_recent(self, feed: Feed) -> None:
        try:
            entries = await self._read(feed, max(0, feed.head - RING_EVENTS))
            feed.recall(entries or [])
        finally:
            self._recalls.pop(feed, None)

    async def _read_back(self, subscription: Subscription) -> None:
        feed, stood = subscription.feed, subscription.feed.position
        entries = await self._read(feed, subscription.cursor)
        if entries is not None and subscription in feed.behind:
            self._pass_on(subscription, entries, stood)

    def _pass_on(self, subscription: Subscription, entries: list[Entry], stood: int) -> None:
        """`entries` is what the log had when the feed stood at `stood`: what came since is not gone."""
        feed = subscription.feed
        within = [entry for entry in entries if entry.seq <= feed.position]
        if not within:
            self._skip(subscription, stood)
        for run in runs(within):
            if run[0].seq > subscription.cursor + 1:
                self._skip(subscription, run[0].seq - 1)
            if not feed.pass_on(subscription, run):
                return

    def _skip(self, subscription: Subscription, start: int) -> None:
        """The log was pruned past this reader: say so rather than leave a hole."""
        subscription.cursor = start
        feed = subscription.feed
        subscription.subscriber.tell(protocol.encode(protocol.Resync(feed.room_id, feed.epoch, start, "pruned")))

    # Reconciling

    async def _reconcile(self) -> None:
        """Ask, every moment, where the rooms stand: the only way to notice a lost last event."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.REALTIME_RECONCILE_SECONDS):
                    await self._look_now.wait()
            self._look_now.clear()
            try:
                await self._look()
            except Exception as error:  # a database that is away comes back
                logger.error("rooms can't be reconciled: %r", error)

    async def _look(self) -> None:
        stood = {feed: (feed.head, feed.restarts) for feed in self._feeds.values() if feed.subscriptions}
        if stood:
            heads = await self._source.heads({feed.room_id for feed in stood})
            # What is on its way gets the chance to arrive.
            await asyncio.sleep(_HOLE_SECONDS)
            for feed, (head, restarts) in stood.items():
                if self._feeds.get(feed.room_id) is feed and feed.restarts == restarts:
                    self._compare(feed, head, heads.get(feed.room_id))

    def _compare(self, feed: Feed, stood: int, head: Head | None) -> None:
        if head is None:
            for subscription in feed.subscriptions:
                feed.end(subscription, "deleted")
        elif head.epoch != feed.epoch or head.seq < stood:
            self._restart(feed, head, "epoch")
        elif head.seq > feed.head:
            self._repair(feed, head.seq)
