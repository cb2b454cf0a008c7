"""One room's event stream in this process: order, holes and subscriptions. Plain state, no I/O.

Events from the channel layer and from the log are offered here, in any order; the subscribers receive the sequence of
the log. Events that are in order wait for `flush`, so that fast ones share a write per socket. A subscription is *live*
(it receives each burst) or *behind* (`cursor` is the last seq it has received; realtime/delivery/recovery.py reads the
rest for it).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol
from uuid import UUID

from chat import wire
from chat.eventlog import effects
from chat.eventlog.log import Entry, Head
from realtime.delivery.bursts import Burst, bursts
from realtime.delivery.ring import Held, Memory, Ring

_PENDING_CHARACTERS = 262_144


class Subscriber(Protocol):
    """A connection, as the feed sees it."""

    user_id: UUID

    def offer(self, burst: Burst) -> bool:
        """Queue all frames, or none (False) while too much is unsent."""

    def tell(self, frame: str) -> None:
        """Queue a frame, however much is unsent."""

    async def drained(self) -> bool:
        """Wait until frames are accepted again. False if the connection is closed."""

    def forget(self, room_id: UUID) -> None:
        """Forget a subscription that the hub has ended. The client was sent `room.removed`."""


class Subscription:
    """A connection's subscription to a room.

    `granted` is the room's head when the right to read it was checked. `present` is True if it shows its user's
    presence. Its feed alone writes `cursor` and `granted`.
    """

    __slots__ = ("cursor", "feed", "granted", "present", "subscriber")

    def __init__(self, subscriber: Subscriber, feed: "Feed", cursor: int, granted: int, *, present: bool) -> None:
        self.subscriber, self.feed, self.cursor, self.granted = subscriber, feed, cursor, granted
        self.present = present


class Feed:
    """The stream. `head` is the last seq received in order, `position` the last that live subscriptions were sent.

    `lagging` is called with a live subscription that has fallen behind.
    """

    __slots__ = (
        "_held",
        "_pending",
        "_pending_characters",
        "_ring",
        "behind",
        "epoch",
        "erasures",
        "head",
        "lagging",
        "live",
        "restarts",
        "room_id",
    )

    def __init__(
        self, room_id: UUID, head: Head, lagging: Callable[[Subscription], None], memory: Memory | None = None
    ) -> None:
        memory = memory or Memory()
        self._held, self._ring = Held(memory), Ring(memory)
        self.room_id = room_id
        self.lagging = lagging
        self.restarts = self.erasures = 0
        self.live: dict[Subscription, None] = {}
        self.behind: dict[Subscription, None] = {}
        self._begin(head)

    def _begin(self, head: Head) -> None:
        self.epoch, self.head = head
        self._pending: list[str] = []
        self._pending_characters = 0
        self.forget()

    def forget(self) -> None:
        """Free the events in memory. The log has them."""
        self._held.clear()
        self._ring.clear()

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self.live or subscription in self.behind

    @property
    def subscriptions(self) -> list[Subscription]:
        return [*self.live, *self.behind]

    @property
    def position(self) -> int:
        return self.head - len(self._pending)

    @property
    def has_news(self) -> bool:
        """Whether events in order wait to be sent to the live subscriptions."""
        return bool(self._pending)

    @property
    def has_hole(self) -> bool:
        """Whether events have arrived whose predecessors have not."""
        return bool(self._held.payloads)

    def add(self, subscription: Subscription) -> None:
        """Add a subscription, behind until it goes live."""
        self.behind[subscription] = None

    def skip_to(self, subscription: Subscription, seq: int) -> None:
        """Move the cursor of a subscription past events that the log no longer has."""
        subscription.cursor = seq

    def offer(self, entries: Iterable[tuple[int, str]]) -> None:
        """Accept the next event, drop known ones, hold those ahead of a hole (bounded: the log has them)."""
        for seq, payload in entries:
            if seq == self.head + 1:
                self._take(Entry(seq, payload))
                self._release()
            elif seq > self.head:
                self._held.put(seq, payload)

    def _release(self) -> None:
        while self._held.payloads and (payload := self._held.pop(self.head + 1)) is not None:
            self._take(Entry(self.head + 1, payload))

    def fill(self, entries: Sequence[Entry]) -> int | None:
        """Accept events read from the log after `head`. If it lacks the next one, return the seq before its first."""
        news = [entry for entry in entries if entry.seq > self.head]
        if news and news[0].seq != self.head + 1:
            return news[0].seq - 1
        self.offer(news)
        return None

    def _take(self, entry: Entry) -> None:
        self.head = entry.seq
        if effects.invalidates_history(entry.payload):
            self._ring.clear()  # the log has the rewritten events
            self.erasures += 1
        self._ring.append(entry)
        self._pending.append(entry.payload)
        self._pending_characters += len(entry.payload)
        ending = effects.subscription_end(entry.payload)
        if ending is not None:
            # A subscription that this event ends must not receive the events after it.
            self.flush()
            for subscription in list(self.live):
                if _concerns(ending, subscription, entry.seq):
                    self.end(subscription, ending.reason)
        elif self._pending_characters > _PENDING_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Send the waiting events to the live subscriptions: one burst, encoded once."""
        if not self._pending:
            return
        burst, before = Burst(self._pending), self.position
        self._pending, self._pending_characters = [], 0
        refused = [subscription for subscription in self.live if not subscription.subscriber.offer(burst)]
        for subscription in refused:
            self._fall_behind(subscription, before)

    def tell(self, payloads: Sequence[str], after: int) -> bool:
        """Send ephemeral events to the live subscriptions, except to those whose outbox is full.

        `after` is the room's last seq when they were published. False if this feed has not reached it: they are
        dropped.
        """
        if after > self.head:
            return False
        self.flush()
        burst = Burst(payloads)
        for subscription in self.live:
            subscription.subscriber.offer(burst)
        return True

    def _fall_behind(self, subscription: Subscription, cursor: int) -> None:
        subscription.cursor = cursor
        del self.live[subscription]
        self.behind[subscription] = None
        self.lagging(subscription)

    def recall(self, entries: Sequence[Entry]) -> None:
        """Keep older entries, read from the log for one subscription, for the others that are as far behind."""
        self._ring.extend_back(entries, self.head)

    def recent(self, after: int) -> list[Entry] | None:
        """Return the entries after `after` that were sent to live subscriptions; None if not all are in memory."""
        return [] if after >= self.position else self._ring.between(after, self.position)

    def go_live(self, subscription: Subscription) -> bool:
        """Send a subscription what it missed up to `position`, from the ring, and make it live.

        False if the ring does not reach back to it, if it is ahead of this feed, or if its outbox is full.
        """
        if subscription.granted > self.head:
            return False  # the ring may have events that were rewritten before the right was checked
        if self.position < subscription.cursor <= self.head:
            self.flush()
        missed = self.recent(subscription.cursor)
        if missed is None or subscription.cursor > self.position:
            return False
        if not self.pass_on(subscription, missed):
            return False
        self.behind.pop(subscription, None)
        self.live[subscription] = None
        return True

    def pass_on(self, subscription: Subscription, missed: Sequence[Entry]) -> bool:
        """Send missed entries, up to the one that ends the subscription. False if the outbox is full, or it ended."""
        last = next((at for at, entry in enumerate(missed) if _ending(subscription, entry)), None)
        wanted = missed if last is None else missed[: last + 1]
        for burst, count in bursts([entry.payload for entry in wanted]):
            if not subscription.subscriber.offer(burst):
                return False
            subscription.cursor = wanted[count - 1].seq
            wanted = wanted[count:]
        if last is not None and (ending := _ending(subscription, missed[last])):
            self.end(subscription, ending.reason)
        return subscription in self

    def end(self, subscription: Subscription, reason: str) -> None:
        """End a subscription and send its client `room.removed`."""
        self.drop(subscription)
        frame = wire.RoomRemoved(self.room_id, reason)
        subscription.subscriber.tell(wire.encode(frame).decode())
        subscription.subscriber.forget(self.room_id)

    def drop(self, subscription: Subscription) -> None:
        self.live.pop(subscription, None)
        self.behind.pop(subscription, None)

    def restart(self, head: Head) -> list[Subscription]:
        """Continue from `head`, and return the subscriptions that miss events by that.

        In a new epoch no older position or granted head is valid. A head that moved back counts as a new epoch too: a
        standby was promoted without the last commits.
        """
        anew = head.epoch != self.epoch or head.seq < self.head
        if not anew:
            self.flush()
        skipping = [each for each in self.subscriptions if anew or each in self.live or each.cursor < head.seq]
        self.restarts += 1
        self._begin(head)
        for subscription in skipping:
            subscription.cursor = head.seq
            if anew:
                subscription.granted = head.seq
        return skipping


def _ending(subscription: Subscription, entry: Entry) -> effects.Ending | None:
    ending = effects.subscription_end(entry.payload)
    return ending if ending and _concerns(ending, subscription, entry.seq) else None


def _concerns(ending: effects.Ending, subscription: Subscription, seq: int) -> bool:
    """Whether the event ends this subscription. One from before the right was checked does not: it is history."""
    return seq > subscription.granted and ending.user_id in (None, subscription.subscriber.user_id)


def runs(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Yield the entries in parts, cut where the log has a hole."""
    begin = 0
    for end in range(1, len(entries) + 1):
        if end == len(entries) or entries[end].seq != entries[end - 1].seq + 1:
            yield entries[begin:end]
            begin = end
