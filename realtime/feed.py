"""One room's stream in this process: order, repair and who hears it. Plain state, no I/O.

Whatever arrives from the channel layer or the log is offered here; what comes out to the subscribers is the
log's own sequence. A subscription is *live* (it gets each event as it is delivered) or *behind* (its `cursor`
is the last seq it has; the hub reads it the rest, realtime/hub.py).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol
from uuid import UUID

from chat import wire
from chat.log import Entry, Head

_RING_EVENTS = 256
_RING_CHARACTERS = 1_000_000
_HELD_EVENTS = 2_048


class Subscriber(Protocol):
    """A connection, as far as delivering to it goes."""

    user_id: UUID

    def offer(self, frame: str) -> bool:
        """Take a frame to send, or refuse it (False) while too much is unsent."""

    def tell(self, frame: str) -> None:
        """Take a frame to send, whatever is unsent."""

    async def drained(self) -> bool:
        """Wait until frames are taken again; False if that will never be."""

    def forget(self, room_id: UUID) -> None:
        """The hub has ended this subscription."""


class Subscription:
    """This subscriber hears that room. `granted` is the head at which the right to was checked."""

    __slots__ = ("cursor", "feed", "granted", "subscriber")

    def __init__(self, subscriber: Subscriber, feed: "Feed", cursor: int, granted: int) -> None:
        self.subscriber, self.feed, self.cursor, self.granted = subscriber, feed, cursor, granted

    def take(self, entry: Entry) -> bool:
        """Send one entry, if there is room for it."""
        if not self.subscriber.offer(entry.payload):
            return False
        self.cursor = entry.seq
        return True


class Feed:
    """`position` is the last seq delivered. `lagging` is called with a live subscription that fell behind."""

    __slots__ = (
        "_held",
        "_ring",
        "_ring_characters",
        "behind",
        "epoch",
        "lagging",
        "live",
        "position",
        "restarts",
        "room_id",
    )

    def __init__(self, room_id: UUID, head: Head, lagging: Callable[[Subscription], None]) -> None:
        self.room_id = room_id
        self.lagging = lagging
        self.restarts = 0
        self.live: dict[Subscription, None] = {}
        self.behind: dict[Subscription, None] = {}
        self._begin(head)

    def _begin(self, head: Head) -> None:
        self.epoch, self.position = head
        self._held: dict[int, str] = {}
        self._ring: deque[Entry] = deque()
        self._ring_characters = 0

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self.live or subscription in self.behind

    @property
    def subscriptions(self) -> list[Subscription]:
        return [*self.live, *self.behind]

    @property
    def has_hole(self) -> bool:
        """Something arrived that can't be delivered before something else has."""
        return bool(self._held)

    def offer(self, entries: Iterable[tuple[int, str]]) -> None:
        """Deliver what is next in line, drop what was seen, hold what is ahead (to a bound: the log has it)."""
        for seq, payload in entries:
            if seq == self.position + 1:
                self._deliver(Entry(seq, payload))
                self._release()
            elif seq > self.position and len(self._held) < _HELD_EVENTS:
                self._held[seq] = payload

    def _release(self) -> None:
        while self._held and (payload := self._held.pop(self.position + 1, None)) is not None:
            self._deliver(Entry(self.position + 1, payload))

    def fill(self, entries: Sequence[Entry]) -> int | None:
        """Deliver what the log says comes after `position`; or say where it goes on, if it no longer has that."""
        news = [entry for entry in entries if entry.seq > self.position]
        if news and news[0].seq != self.position + 1:
            return news[0].seq - 1
        self.offer(news)
        return None

    def _deliver(self, entry: Entry) -> None:
        self.position = entry.seq
        self._remember(entry)
        for subscription in list(self.live):
            if not subscription.subscriber.offer(entry.payload):
                self._fall_behind(subscription, entry.seq - 1)
        self._end_departed(entry)

    def _fall_behind(self, subscription: Subscription, cursor: int) -> None:
        subscription.cursor = cursor
        del self.live[subscription]
        self.behind[subscription] = None
        self.lagging(subscription)

    def _remember(self, entry: Entry) -> None:
        self._ring.append(entry)
        self._ring_characters += len(entry.payload)
        while len(self._ring) > _RING_EVENTS or self._ring_characters > _RING_CHARACTERS:
            self._ring_characters -= len(self._ring.popleft().payload)

    def recent(self, after: int) -> list[Entry] | None:
        """Everything past `after`, if the ring still has all of it."""
        if after >= self.position:
            return []
        if not self._ring or after < self._ring[0].seq - 1:
            return None
        return list(islice(self._ring, after + 1 - self._ring[0].seq, None))

    def go_live(self, subscription: Subscription) -> bool:
        """Bring a subscription up to `position` from the ring and let it hear the rest as it comes.

        False if it is too far behind for the ring, ahead of this feed, or its subscriber takes no more now.
        """
        missed = self.recent(subscription.cursor)
        if missed is None or subscription.cursor > self.position:
            return False
        for entry in missed:
            if not self.pass_on(subscription, entry):
                return False
        self.behind.pop(subscription, None)
        self.live[subscription] = None
        return True

    def pass_on(self, subscription: Subscription, entry: Entry) -> bool:
        """Send a missed entry. False if it was not taken, or if it was the subscriber's own departure."""
        if not subscription.take(entry):
            return False
        self._end_departed(entry, [subscription])
        return subscription in self

    def _end_departed(self, entry: Entry, among: list[Subscription] | None = None) -> None:
        """Nobody who left hears what follows. (A departure from before the right was checked is history.)"""
        departure = wire.departure(entry.payload)
        if departure is None:
            return
        for subscription in among or list(self.live):
            if subscription.subscriber.user_id == departure.user.id and entry.seq > subscription.granted:
                self.end(subscription, departure.reason)

    def end(self, subscription: Subscription, reason: str) -> None:
        """Stop a subscription from this side, and say so."""
        self.drop(subscription)
        subscription.subscriber.forget(self.room_id)
        frame = wire.RoomRemoved(self.room_id, reason)
        subscription.subscriber.tell(wire.encode(frame).decode())

    def drop(self, subscription: Subscription) -> None:
        self.live.pop(subscription, None)
        self.behind.pop(subscription, None)

    def restart(self, head: Head) -> list[Subscription]:
        """Go on from `head`; says whose reading that interrupts. A new counting knows no older position or right.

        A head that went back is a new counting too, whatever its epoch: a standby took over without the last commits.
        """
        anew = head.epoch != self.epoch or head.seq < self.position
        skipping = [each for each in self.subscriptions if anew or each in self.live or each.cursor < head.seq]
        self.restarts += 1
        self._begin(head)
        for subscription in skipping:
            subscription.cursor = head.seq
            if anew:
                subscription.granted = head.seq
        return skipping
