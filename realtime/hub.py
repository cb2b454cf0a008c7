"""The hub: one per process, between the channel layer, the log and the sockets.

Announcements are hints: they may be lost, reordered or repeated. Each feed (realtime/delivery/feed.py) delivers the
sequence of the log nevertheless: a hole that stays is filled from the log, and a reconciler finds a lost last event,
which leaves no hole. The hub holds no rules: the right to read a room was checked before `start`.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.conf import settings

from chat.eventlog import announcements, ephemeral
from chat.eventlog.log import Head
from core.outages import reason
from realtime.concurrency.tasks import Tasks
from realtime.delivery.feed import Feed, Subscriber, Subscription
from realtime.delivery.layer_listener import Audience, Link, no_matter
from realtime.delivery.log_source import Source
from realtime.delivery.pacing import Pace
from realtime.delivery.recovery import Recovery
from realtime.delivery.ring import Memory
from realtime.delivery.typing_timeouts import Typing
from realtime.presence.notifier import Presence

logger = logging.getLogger(__name__)

# How long a hole may stay before the log is read: reordered announcements arrive within this time.
_HOLE_SECONDS = 0.05


class Hub:
    """The subscriptions of all connections of this process. All methods run on one event loop."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic, *others: Audience) -> None:
        """Create a hub. `others` receive their announcements by the same listener."""
        self._source = source
        self._others = others
        self._tasks = Tasks()
        self._pace = Pace(clock)
        self._recovery = Recovery(source, self._pace, self._tasks)
        self._typing = Typing()
        self.presence = Presence(source)
        self._feeds: dict[UUID, Feed] = {}
        self._memory = Memory()
        self._link: Link | None = None
        self._look_now = asyncio.Event()

    def listen(self) -> Link:
        """Start listening, once: at startup or with the first connection, as not every ASGI server has a lifespan."""
        if self._link is None:
            rooms = Audience(announcements.ANNOUNCEMENT, self._on_announcement, self._look_now.set)
            passed = Audience(ephemeral.ANNOUNCEMENT, self._on_passing, no_matter)
            self._link = Link(rooms, passed, self.presence.audience, *self._others)
            self._tasks.keep(self._link.run)
            self._tasks.keep(self._reconcile)
        return self._link

    async def aclose(self) -> None:
        """Stop listening and reading. The server closes the sockets."""
        await self._tasks.cancel()
        await self.presence.aclose()
        for feed in self._feeds.values():
            feed.forget()
        self._feeds.clear()
        self._pace.stop()
        self._typing.stop()
        self._link = None

    # Subscribing

    def subscribe(
        self, subscriber: Subscriber, room_id: UUID, head: Head, cursor: int, *, present: bool = False
    ) -> Subscription:
        """Return a subscription to all events after `cursor`. `head` is the room's head when the right was checked.

        Nothing is sent before `start`, so that the reply is sent first; no event is lost in between.
        """
        feed = self._feeds.get(room_id)
        if feed is None:
            feed = self._feeds[room_id] = Feed(room_id, head, self._recovery.catch_up, self._memory)
            self.listen().want(announcements.group(room_id), announcements.ANNOUNCEMENT)
        elif feed.epoch != head.epoch:
            self._recovery.restart(feed, head, "epoch")
        subscription = Subscription(subscriber, feed, cursor, granted=head.seq, present=present)
        feed.add(subscription)
        return subscription

    def start(self, subscription: Subscription) -> None:
        """Send the missed events, then the new ones as they arrive."""
        if subscription in subscription.feed and not subscription.feed.go_live(subscription):
            self._recovery.catch_up(subscription)

    def unsubscribe(self, subscription: Subscription) -> None:
        feed = subscription.feed
        feed.drop(subscription)
        if subscription.present:
            self.presence.leave(subscription)
        if not feed.subscriptions:
            linger = settings.REALTIME_LINGER_SECONDS
            asyncio.get_running_loop().call_later(linger, self._close_if_idle, feed)

    def _close_if_idle(self, feed: Feed) -> None:
        """Close the feed of a room without subscriptions. It lingers, for clients that reconnect soon."""
        if not feed.subscriptions and self._feeds.get(feed.room_id) is feed and self._link is not None:
            del self._feeds[feed.room_id]
            feed.forget()
            self._pace.forget(feed)
            self._typing.forget(feed)
            self._link.unwant(announcements.group(feed.room_id))

    # Announcements

    def _on_announcement(self, message: dict[str, Any]) -> None:
        feed = self._feeds.get(UUID(message["room"]))
        if feed is None or str(feed.epoch) != message["epoch"]:
            return  # closed meanwhile, or of another epoch, which the reconciler finds
        feed.offer(enumerate(message["payloads"], message["seq"]))
        self._pace.deliver(feed)
        if feed.has_hole:
            asyncio.get_running_loop().call_later(_HOLE_SECONDS, self._repair_hole, feed)

    def _on_passing(self, message: dict[str, Any]) -> None:
        feed = self._feeds.get(UUID(message["room"]))
        if feed is not None and feed.tell(message["payloads"], message["after"]):
            self._typing.hear(feed, message["payloads"])

    def _repair_hole(self, feed: Feed) -> None:
        if feed.has_hole and self._feeds.get(feed.room_id) is feed:
            self._recovery.repair(feed)

    # Reconciling

    async def _reconcile(self) -> None:
        """Compare the feeds with the heads in the database, periodically: nothing else reveals a lost last event."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(settings.REALTIME_RECONCILE_SECONDS):
                    await self._look_now.wait()
            self._look_now.clear()
            try:
                await self._look()
            except Exception as error:  # the database may be back at the next attempt
                logger.error("rooms can't be reconciled: %s", reason(error))

    async def _look(self) -> None:
        stood = {feed: (feed.head, feed.restarts) for feed in self._feeds.values() if feed.subscriptions}
        if stood:
            delivered = {feed.room_id: Head(feed.epoch, feed.head) for feed in stood}
            heads = await self._source.heads(delivered.keys(), delivered)
            # Announcements that are on their way get the time to arrive.
            await asyncio.sleep(_HOLE_SECONDS)
            for feed, (head, restarts) in stood.items():
                if self._feeds.get(feed.room_id) is feed and feed.restarts == restarts:
                    self._compare(feed, head, heads.get(feed.room_id))

    def _compare(self, feed: Feed, stood: int, head: Head | None) -> None:
        if head is None:
            for subscription in feed.subscriptions:
                feed.end(subscription, "deleted")
        elif head.epoch != feed.epoch or head.seq < stood:
            self._recovery.restart(feed, head, "epoch")
        elif head.seq > feed.head:
            self._recovery.repair(feed, head.seq)
