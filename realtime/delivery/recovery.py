"""Recovery: reads from the log what announcements did not bring to feeds, and what subscriptions have missed.

One reader serves all that wait for the same events: one repair per feed, and one recall per feed for subscriptions
that were cut off together. A slow reader, a resuming client and a new one are one case.
"""

import asyncio
import logging

from chat.eventlog.log import Entry, Head
from core.outages import reason
from realtime.concurrency.tasks import Tasks
from realtime.delivery.feed import Feed, Subscription, runs
from realtime.delivery.log_source import Source
from realtime.delivery.pacing import Pace
from realtime.delivery.ring import RING_EVENTS
from realtime.protocol import frames

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 0.5
# Events per read for a feed, and for one subscription: there may be many subscriptions, and events may be large.
_PAGE = 200
_PAGE_BACK = 50


class Recovery:
    """Reads the log for the hub's feeds."""

    def __init__(self, source: Source, pace: Pace, tasks: Tasks) -> None:
        self._source, self._pace, self._tasks = source, pace, tasks
        self._repairs: dict[Feed, asyncio.Task[None]] = {}
        self._recalls: dict[Feed, asyncio.Task[None]] = {}

    def repair(self, feed: Feed, head: int = 0) -> asyncio.Task[None]:
        """Read events from the log until the feed has reached it. `head` is a known seq. One reader per feed."""
        task = self._repairs.get(feed)
        if task is None or task.done():
            task = self._repairs[feed] = self._tasks.spawn(self._read_forward(feed, head))
        return task

    async def _read_forward(self, feed: Feed, head: int) -> None:
        more = True
        while more:
            entries = await self._read(feed, feed.head, _PAGE)
            if entries is None:
                head = 0  # it was of another epoch
                continue
            gone = feed.fill(entries) if entries else head
            if gone is not None and gone > feed.head:
                self.restart(feed, Head(feed.epoch, gone), "pruned")
                feed.fill(entries)
            self._pace.deliver(feed)
            more = len(entries) == _PAGE
        self._repairs.pop(feed, None)

    async def _read(self, feed: Feed, after: int, limit: int) -> list[Entry] | None:
        """Return entries of the log, retrying while the database is unavailable and the feed has subscriptions.

        None if the feed was restarted meanwhile.
        """
        restarts = feed.restarts
        while feed.subscriptions:
            try:
                entries = await self._source.read(room_id=feed.room_id, after=after, limit=limit)
            except Exception as error:  # tried again: the connections stay open meanwhile
                logger.error("the log of room %s can't be read: %s", feed.room_id, reason(error))
            else:
                return entries if feed.restarts == restarts else None
            await asyncio.sleep(_RETRY_SECONDS)
        return []

    def restart(self, feed: Feed, head: Head, reason: str) -> None:
        logger.warning("room %s: continuing from seq %s: %s", feed.room_id, head.seq, reason)
        frame = frames.encode(frames.Resync(feed.room_id, head.epoch, head.seq, reason))
        for subscription in feed.restart(head):
            subscription.subscriber.tell(frame)
        if reason == "epoch":
            self._tasks.spawn(self._check_rights(feed))

    async def _check_rights(self, feed: Feed) -> None:
        """Check all subscriptions again: the right to read may have changed with a restored backup."""
        while users := {each.subscriber.user_id for each in feed.subscriptions}:
            try:
                readers = await self._source.readers(room_id=feed.room_id, user_ids=users)
            except Exception as error:  # tried again
                logger.error("the rights to room %s can't be checked: %s", feed.room_id, reason(error))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            for subscription in feed.subscriptions:
                if subscription.subscriber.user_id in users - readers:
                    feed.end(subscription, "removed")
            return

    # Catching up

    def catch_up(self, subscription: Subscription) -> None:
        self._tasks.spawn(self._bring_up(subscription))

    async def _bring_up(self, subscription: Subscription) -> None:
        """Catch up one subscription without delaying others. An unexpected error ends it."""
        try:
            await self._follow(subscription)
        except Exception:
            logger.exception("catching up a subscription to room %s failed", subscription.feed.room_id)
            subscription.feed.end(subscription, "failed")

    async def _follow(self, subscription: Subscription) -> None:
        """Send a subscription what it missed until it can go live."""
        feed = subscription.feed
        while await subscription.subscriber.drained() and subscription in feed.behind:
            known = max(subscription.cursor, subscription.granted)
            if known > feed.head:
                await self.repair(feed, known)
            elif feed.go_live(subscription):
                return
            elif feed.recent(subscription.cursor) is None:
                await self._recall(feed, subscription)
                if feed.recent(subscription.cursor) is None:
                    await self._read_back(subscription)

    async def _recall(self, feed: Feed, subscription: Subscription) -> None:
        """Read recent events once for all subscriptions that were cut off at about the same time."""
        if subscription.cursor >= feed.position - RING_EVENTS:
            task = self._recalls.get(feed)
            if task is None:
                task = self._recalls[feed] = self._tasks.spawn(self._read_recent(feed))
            await asyncio.wait([task])

    async def _read_recent(self, feed: Feed) -> None:
        erasures = feed.erasures
        try:
            entries = await self._read(feed, max(0, feed.head - RING_EVENTS), RING_EVENTS)
            if feed.erasures == erasures:  # else it may hold events that were rewritten since
                feed.recall(entries or [])
        finally:
            self._recalls.pop(feed, None)

    async def _read_back(self, subscription: Subscription) -> None:
        feed, stood = subscription.feed, subscription.feed.position
        entries = await self._read(feed, subscription.cursor, _PAGE_BACK)
        if entries is not None and subscription in feed.behind:
            self._pass_on(subscription, entries, stood)

    def _pass_on(self, subscription: Subscription, entries: list[Entry], stood: int) -> None:
        """Send entries read from the log when the feed was at `stood`: later events are not missing from them."""
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
        """Send `room.resync`: the log was pruned past the position of this subscription."""
        feed = subscription.feed
        feed.skip_to(subscription, start)
        subscription.subscriber.tell(frames.encode(frames.Resync(feed.room_id, feed.epoch, start, "pruned")))
