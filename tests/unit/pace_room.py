"""A room whose deliveries take as long as a test says, on a clock of the test's own."""

import asyncio
import gc
import weakref
from uuid import uuid4

from chat.eventlog.log import Head
from realtime.delivery.feed import Feed, Subscription
from realtime.delivery.pacing import Pace
from tests.unit.stand_ins import Listener, payload


def now() -> float:
    return asyncio.get_running_loop().time()


def takes(seconds: float) -> None:
    """As long as something that blocks the loop takes."""
    asyncio.get_running_loop()._clock.now += seconds


def timers() -> list[asyncio.TimerHandle]:
    return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]


class Writer(Listener):
    """A subscriber; each burst that it is given costs `seconds`."""

    def __init__(self):
        super().__init__()
        self.seconds = 0.0
        self.bursts: list[list[int]] = []
        self.at: list[float] = []

    def offer(self, burst) -> bool:
        self.at.append(now())
        before = len(self.seqs)
        taken = super().offer(burst)
        self.bursts.append(self.seqs[before:])
        takes(self.seconds)
        return taken


class Lagging:
    """What a feed calls, and holds: it goes when the feed goes. (A feed itself takes no weak references.)"""

    def __call__(self, subscription) -> None:
        raise AssertionError("nobody lags here")


class Room:
    """A feed that somebody hears, delivered by a pace."""

    def __init__(self, pace: Pace | None = None, seconds: float = 0.0):
        self.pace = pace or Pace(asyncio.get_running_loop().time)
        lagging = Lagging()
        self.alive = weakref.ref(lagging)
        self.feed = Feed(uuid4(), Head(uuid4(), 0), lagging)
        self.writer = Writer()
        self.subscription = Subscription(self.writer, self.feed, 0, 0, present=False)
        self.feed.behind[self.subscription] = None
        assert self.feed.go_live(self.subscription)
        self.writer.seconds = seconds

    def hears(self, count: int = 1) -> None:
        for _ in range(count):
            seq = self.feed.head + 1
            self.feed.offer([(seq, payload(seq))])
            self.pace.deliver(self.feed)

    def close(self) -> None:
        """As the hub does when the last subscriber has gone."""
        self.feed.drop(self.subscription)
        self.pace.forget(self.feed)
        del self.feed, self.subscription

    @property
    def is_kept(self) -> bool:
        gc.collect()
        return self.alive() is not None


async def turn() -> None:
    """Of the loop: what was called soon has been."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
