"""Pacing: slow events are sent at once; fast events of a busy room are gathered for some ms and share a write.

A write to a socket costs about the same for one frame and for twenty. So after an expensive delivery the next one is
delayed by half the time that it took. Quiet and small rooms are never delayed, and no delay exceeds
REALTIME_GATHER_SECONDS.
"""

import asyncio
from collections.abc import Callable

from django.conf import settings

from realtime.delivery.feed import Feed

# Deliveries that took less delay nothing.
_CHEAP_SECONDS = 0.001


class Pace:
    """Flushes feeds. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # The time of a busy feed's next delivery, and the timer of a delivery that waits for it.
        self._not_before: dict[Feed, float] = {}
        self._waiting: dict[Feed, asyncio.TimerHandle] = {}

    def deliver(self, feed: Feed) -> None:
        """Flush the feed now, or as soon as its pace allows."""
        if not feed.has_news or feed in self._waiting:
            return
        wait = self._not_before.get(feed, 0.0) - self._clock()
        if wait <= 0:
            self._flush(feed)
        else:
            self._waiting[feed] = asyncio.get_running_loop().call_later(wait, self._flush, feed)

    def _flush(self, feed: Feed) -> None:
        self._waiting.pop(feed, None)
        began = self._clock()
        feed.flush()
        ended = self._clock()
        took = ended - began
        if took > _CHEAP_SECONDS:
            self._not_before[feed] = ended + min(took / 2, settings.REALTIME_GATHER_SECONDS)
        else:
            self._not_before.pop(feed, None)

    def forget(self, feed: Feed) -> None:
        """Forget a feed that has no subscriptions left."""
        self._not_before.pop(feed, None)
        timer = self._waiting.pop(feed, None)
        if timer is not None:
            timer.cancel()

    def stop(self) -> None:
        for feed in [*self._waiting, *self._not_before]:
            self.forget(feed)
