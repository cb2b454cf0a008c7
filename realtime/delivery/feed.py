"""One room's stream in this process: order, repair and who hears it. Plain state, no I/O.

Whatever arrives from the channel layer or the log is offered here; what comes out to the subscribers is the
log's own sequence, in bursts: what has come in order waits for `flush`, so that events which come fast share a
write per socket. A subscription is *live* (it gets each burst) or *behind* (its `cursor` is the last seq it has; the
rest is read for it, realtime/delivery/recovery.py).
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
    """A connection, as far as delivering to it goes."""

    user_id: UUID

    def offer(self, burst: Burst) -> bool:
        """Take frames to send, or refuse them all (False) while too much is unsent."""

    def tell(self, frame: str) -> None:
        """Take a frame to send, whatever is unsent."""

    async def drained(self) -> bool:
        """Wait until frames are taken again; False if that will never be."""

    def forget(self, room_id: UUID) -> None:
        """The hub has ended this subscription, and said so."""


class Subscription:
    """This subscriber hears that room, and is `present` there if it asked for that. `granted` is the head at which the
    right to was checked. It is `over` when that was announced to the subscriber's user, and the log is to tell it; if
    they are in the room `again`, that is said afterwards."""

    __slots__ = ("again", "cursor", "feed", "granted", "over", "present", "subscriber")

    def __init__(self, subscriber: Subscriber, feed: "Feed", cursor: int, granted: int, *, present: bool) -> None:
        self.subscriber, self.feed, self.cursor, self.granted = subscriber, feed, cursor, granted
        self.present = present
        self.over = False
        self.again: str | None = None


class Feed:
    """`head` is the last seq that came in order, `position` the last that live subscriptions were given.

    `lagging` is called with a live subscription that fell behind.
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
        """Free what is remembered. The log has it."""
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
        """Something came in order and waits to be given to live subscriptions."""
        return bool(self._pending)

    @property
    def has_hole(self) -> bool:
        """Something arrived that can't be delivered before something else has."""
        return bool(self._held.payloads)

    def offer(self, entries: Iterable[tuple[int, str]]) -> None:
        """Take what is next in line, drop what was seen, hold what is ahead (to a bound: the log has it)."""
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
        """Take what the log says comes after `head`; or say where it goes on, if it no longer has that."""
        news = [entry for entry in entries if entry.seq > self.head]
        if news and news[0].seq != self.head + 1:
            return news[0].seq - 1
        self.offer(news)
        return None

    def _take(self, entry: Entry) -> None:
        self.head = entry.seq
        if effects.invalidates_history(entry.payload):
            self._ring.clear()  # the log has what may still be told
            self.erasures += 1
        self._ring.append(entry)
        self._pending.append(entry.payload)
        self._pending_characters += len(entry.payload)
        ending = effects.subscription_end(entry.payload)
        if ending is not None:
            # Nobody whose last event this is hears what follows.
            self.flush()
            for subscription in list(self.live):
                if _concerns(ending, subscription, entry.seq):
                    self.end(subscription, ending.reason)
        elif self._pending_characters > _PENDING_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        """Give live subscriptions what waits: one burst for all, built once."""
        if not self._pending:
            return
        burst, before = Burst(self._pending), self.position
        self._pending, self._pending_characters = [], 0
        refused = [subscription for subscription in self.live if not subscription.subscriber.offer(burst)]
        for subscription in refused:
            self._fall_behind(subscription, before)

    def tell(self, payloads: Sequence[str], after: int) -> bool:
        """What was true when the room stood at `after`, and may be lost: to live subscriptions, once they have heard
        that far. Not to one that is full. False while nobody has heard that far."""
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
        """Remember older entries, read from the log for one subscription, for the others that are as far behind."""
        self._ring.extend_back(entries, self.head)

    def recent(self, after: int) -> list[Entry] | None:
        """Everything past `after` that live subscriptions were given, if all of it is remembered."""
        return [] if after >= self.position else self._ring.between(after, self.position)

    def go_live(self, subscription: Subscription) -> bool:
        """Bring a subscription up to `position` from the ring and let it hear the rest as it comes.

        False if it is too far behind for the ring, ahead of this feed, or its subscriber takes no more now.
        """
        if subscription.granted > self.head:
            return False  # what is remembered here may have been taken back since
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
        """Send missed entries, up to the last that concerns the subscriber. False if not all were taken, or none may
        follow."""
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
        """Stop a subscription from this side, and say so."""
        self.drop(subscription)
        frame = wire.RoomRemoved(self.room_id, reason)
        subscription.subscriber.tell(wire.encode(frame).decode())
        subscription.subscriber.forget(self.room_id)

    def drop(self, subscription: Subscription) -> None:
        self.live.pop(subscription, None)
        self.behind.pop(subscription, None)

    def restart(self, head: Head) -> list[Subscription]:
        """Go on from `head`; says whose reading that interrupts. A new counting knows no older position or right.

        A head that went back is a new counting too, whatever its epoch: a standby took over without the last commits.
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
    """One from before the right to the subscription was checked is history."""
    return seq > subscription.granted and ending.user_id in (None, subscription.subscriber.user_id)


def runs(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """`entries` cut where the log has a hole."""
    begin = 0
    for end in range(1, len(entries) + 1):
        if end == len(entries) or entries[end].seq != entries[end - 1].seq + 1:
            yield entries[begin:end]
            begin = end
