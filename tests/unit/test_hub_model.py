"""The hub against a plain list: whatever the layer, the log and the readers do, each hears the log's own sequence.

Time is a Clock's, so every interleaving Hypothesis finds, it finds again.
"""

import asyncio
from uuid import uuid4

from channels.layers import get_channel_layer
from django.test import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chat.eventlog import announcements
from realtime.hub import Hub
from tests.unit.clock import Clock
from tests.unit.hub_client import Client
from tests.unit.stand_ins import LAYERS, Log

USERS = [uuid4() for _ in range(3)]
ENOUGH = 30.0
SOME = st.integers(0, 100)
SINCE = st.none() | st.just(0) | st.integers(0, 1_000)


class HubMachine(RuleBasedStateMachine):
    prunes = restores = False
    text = ""

    def __init__(self):
        super().__init__()
        self.settings = override_settings(
            CHANNEL_LAYERS=LAYERS, REALTIME_RECONCILE_SECONDS=1.0, REALTIME_LINGER_SECONDS=0.5
        )
        self.settings.enable()
        self.clock = Clock()
        self.log = Log(3)
        # All that the log held in each epoch.
        self.said = {self.log.epoch: {entry.seq: entry.payload for entry in self.log.entries}}
        self.left: dict = {user: [] for user in USERS}
        self.layer = get_channel_layer()
        self.cost = self.spent = 0.0
        self.hub = Hub(self.log, self.time)
        self.clients: list[Client] = []
        self.checked: list[tuple[Client, object]] = []
        self.announcements: list[dict] = []
        for user in USERS:
            self.connect(user, since=None)
        self.wait(0.01)

    def time(self) -> float:
        """As the hub measures it: while deliveries are expensive, it gathers."""
        self.spent += self.cost
        return self.clock.time() + self.spent

    @rule(cost=st.sampled_from([0.0, 0.004, 0.02]))
    def deliveries_cost(self, cost):
        self.cost = cost

    def go(self, work) -> None:
        self.clock.run_until_complete(work)

    # What is written, and what becomes of its announcement

    def wrote(self, *found) -> None:
        if self.log.epoch not in self.said:
            self.said[self.log.epoch] = {entry.seq: entry.payload for entry in self.log.entries}
        self.said[self.log.epoch] |= dict(found)
        self.announcements.append(self.log.announcement(*found))

    @rule(count=st.sampled_from([1, 1, 2, 5, 300, 600]))
    def write(self, count):
        self.wrote(*self.log.append(count, self.text))

    @rule(count=st.sampled_from([1, 1, 2, 300]))
    def write_and_announce(self, count):
        self.write(count)
        self.announce(-1, again=False)

    @precondition(lambda self: not self.restores)
    @rule(user=st.sampled_from(USERS))
    def depart(self, user):
        self.wrote(self.log.leave(user))
        self.left[user].append(self.log.last_seq)

    @precondition(lambda self: self.announcements)
    @rule(which=SOME, again=st.booleans())
    def announce(self, which, again):
        """In any order, and more than once."""
        which %= len(self.announcements)
        message = self.announcements[which] if again else self.announcements.pop(which)
        self.go(self._announce(message))

    @precondition(lambda self: self.announcements)
    @rule()
    def announce_all_in_order(self):
        while self.announcements:
            self.go(self._announce(self.announcements.pop(0)))

    async def _announce(self, message) -> None:
        if not self.layer.away:
            await self.layer.group_send(announcements.group(self.log.room_id), message)

    @precondition(lambda self: self.announcements)
    @rule(which=SOME)
    def lose(self, which):
        self.announcements.pop(which % len(self.announcements))

    # What fails, and heals

    @rule(away=st.sampled_from([False, False, True]))
    def layer(self, away):
        self.layer.away = away

    @rule(fails=st.sampled_from([False, False, True]))
    def database(self, fails):
        self.log.fails = fails

    @rule(slow=st.sampled_from([False, False, True]))
    def database_hangs(self, slow):
        self.log.answers.clear() if slow else self.log.answers.set()

    @precondition(lambda self: self.prunes)
    @rule(keep=st.sampled_from([0, 1, 3]))
    def prune(self, keep):
        """Retention is longer than it takes to hear of one's own departure."""
        rights = [(client, client.granted) for client in self.clients if client.subscription]
        rights += [(client, head.seq) for client, head in self.checked]
        unheard = [gone - 1 for client, granted in rights if (gone := self.gone(client, granted))]
        self.log.prune(min([self.log.last_seq - keep, *unheard]))

    @precondition(lambda self: self.restores)
    @rule(lost=st.sampled_from([1, 2, 5, 400]))
    def restore(self, lost):
        """What comes after has the same numbers, and says something else."""
        self.log.take_back(max(0, self.log.last_seq - lost))
        self.text += "x"

    @rule(seconds=st.sampled_from([0, 0.0005, 0.001, 0.01, 0.06, 0.6, 1.1, 2.5]))
    def wait(self, seconds):
        self.go(asyncio.sleep(seconds))

    # What readers do

    @precondition(lambda self: len(self.clients) < 6)
    @rule(user=st.sampled_from(USERS), since=SINCE)
    def connect(self, user, since):
        self.clients.append(Client(self.hub, user, self.said))
        self.checked.append((self.clients[-1], self.log.head))
        self.subscribe(-1, since)

    @rule(which=SOME)
    def check(self, which):
        """The right is checked in a thread: what it found may be old when the subscription begins."""
        self.checked.append((self.clients[which % len(self.clients)], self.log.head))

    @precondition(lambda self: self.checked)
    @rule(which=SOME, since=SINCE)
    def subscribe(self, which, since):
        client, head = self.checked.pop(which % len(self.checked))
        with_loop(self.clock, client.subscribe, self.log.room_id, head, since)

    @rule(which=SOME)
    def resume(self, which):
        self.check(which)
        self.subscribe(-1, self.checked[-1][0].expected)

    @rule(which=SOME)
    def unsubscribe(self, which):
        with_loop(self.clock, self.clients[which % len(self.clients)].leave)

    @rule(which=SOME)
    def stall(self, which):
        self.clients[which % len(self.clients)].stall()

    @rule(which=SOME)
    def read_on(self, which):
        self.clients[which % len(self.clients)].take()

    # What always holds

    def gone(self, client, granted: int) -> int | None:
        """The seq at which somebody whose right was checked at `granted` has lost it."""
        return next((seq for seq in self.left[client.user_id] if seq > granted), None)

    @invariant()
    def nobody_hears_what_they_should_not(self):
        assert self.clock.failures() == []
        for client in self.clients:
            gone = self.gone(client, client.granted)
            assert client.wrong == []
            assert gone is None or client.subscription is None or client.expected < gone

    def teardown(self):
        """When everything works again, everybody hears everything."""
        try:
            self.layer.away = self.log.fails = False
            self.log.answers.set()
            for client in self.clients:
                client.take()
            self.go(asyncio.sleep(ENOUGH))
            self.nobody_hears_what_they_should_not()
            self.everybody_heard_what_they_should()
            self.go(self.hub.aclose())
            assert asyncio.all_tasks(self.clock) == set()
        finally:
            self.clock.shutdown()
            self.settings.disable()

    def everybody_heard_what_they_should(self):
        for client in self.clients:
            if client.subscription is not None:
                assert client.expected == self.log.last_seq
            if client.removed:
                assert client.expected == self.gone(client, client.granted)


def with_loop(clock: Clock, function, *args) -> None:
    async def call() -> None:
        function(*args)

    clock.run_until_complete(call())


class PrunedHubMachine(HubMachine):
    """The same where old events are thrown away: a hole is told of, never left to guess."""

    prunes = True


class RestoredHubMachine(HubMachine):
    """The same where events are taken back: within moments everybody is sent to a snapshot, and goes on from there."""

    restores = True

    @invariant()
    def nobody_hears_what_they_should_not(self):
        assert self.clock.failures() == []

    def everybody_heard_what_they_should(self):
        """Of those who have gone, nobody is asked: their epoch is, when they come back (chat/eventlog/positions.py)."""
        super().everybody_heard_what_they_should()
        for client in self.clients:
            if client.subscription is not None:
                assert (client.wrong, client.epoch) == ([], self.log.epoch)


_quickly = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    # Shrinking takes minutes: add Phase.shrink to read a failure in few steps.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
HubMachine.TestCase.settings = _quickly
PrunedHubMachine.TestCase.settings = _quickly
RestoredHubMachine.TestCase.settings = _quickly

TestHub = HubMachine.TestCase
TestPrunedHub = PrunedHubMachine.TestCase
TestRestoredHub = RestoredHubMachine.TestCase
