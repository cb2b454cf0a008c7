"""One room's feed without a hub: what the log and the layer say is offered by hand."""

from uuid import uuid4

from chat.eventlog.log import Head
from realtime.delivery.feed import Feed, Subscription
from tests.unit.stand_ins import Listener, payload


class Room:
    """A feed, and the subscriptions that it said are lagging."""

    def __init__(self, seq: int = 0):
        self.lagging: list[Subscription] = []
        self.feed = Feed(uuid4(), Head(uuid4(), seq), self.lagging.append)

    def join(
        self,
        listener: Listener | None = None,
        cursor: int | None = None,
        granted: int | None = None,
        present: bool = False,
    ):
        """A subscription that is behind, as the hub begins every one."""
        at = self.feed.position if cursor is None else cursor
        checked = self.feed.position if granted is None else granted
        subscription = Subscription(listener or Listener(), self.feed, at, checked, present=present)
        self.feed.behind[subscription] = None
        return subscription

    def live(self, listener: Listener | None = None, **position):
        subscription = self.join(listener, **position)
        assert self.feed.go_live(subscription)
        return subscription

    def offer(self, found) -> None:
        self.feed.offer(found)
        self.feed.flush()

    def fill(self, found) -> int | None:
        gone = self.feed.fill(found)
        self.feed.flush()
        return gone

    def hears(self, *seqs: int) -> None:
        for seq in seqs:
            self.offer([(seq, payload(seq))])
