"""The hub over a log in a list and the in-memory layer: announcements are hints, and the log is what is heard."""

import asyncio
import inspect
from contextlib import asynccontextmanager

import pytest
from channels.layers import get_channel_layer

from chat import broadcast
from realtime.hub import Hub
from tests.unit.clock import virtual
from tests.unit.stand_ins import LAYERS, Listener, Log

RECONCILED = 2.0
LINGERED = 6.0


@pytest.fixture(autouse=True)
def _layer(settings):
    settings.CHANNEL_LAYERS = LAYERS
    settings.REALTIME_RECONCILE_SECONDS = 1.0
    settings.REALTIME_LINGER_SECONDS = 5.0


class Room:
    """A hub, one room's log, and the layer between them."""

    def __init__(self, count: int = 0):
        self.log = Log(count)
        self.hub = Hub(self.log)
        self.layer = get_channel_layer()

    def subscribe(self, listener: Listener | None = None, since: int | None = None, head=None):
        head = head or self.log.head
        cursor = head.seq if since is None else since
        subscription = self.hub.subscribe(listener or Listener(), self.log.room_id, head, cursor)
        self.hub.start(subscription)
        return subscription

    async def joined(self, *args, **named):
        subscription = self.subscribe(*args, **named)
        await asyncio.sleep(0.01)
        return subscription

    async def announce(self, *found, **epoch) -> None:
        group = broadcast.group(self.log.room_id)
        await self.layer.group_send(group, self.log.announcement(*found, **epoch))
        await asyncio.sleep(0)

    @property
    def listening(self) -> bool:
        return bool(self.layer.groups.get(broadcast.group(self.log.room_id)))


@asynccontextmanager
async def a_room(count: int = 0):
    room = Room(count)
    yield room
    await room.hub.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "aclose leaves nothing behind"


# Hearing


@virtual
async def test_what_is_announced_is_heard_without_asking_the_log():
    async with a_room(3) as room:
        alice, bob = await room.joined(), await room.joined(since=3)
        reads = room.log.reads
        await room.announce(*room.log.append(2))
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == bob.subscriber.seqs == [4, 5, 6]
        assert room.log.reads == reads


@virtual
async def test_nothing_is_sent_before_start_and_nothing_lost_until_then():
    async with a_room(3) as room:
        await room.joined()
        alice = room.hub.subscribe(Listener(), room.log.room_id, room.log.head, 1)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == []
        room.hub.start(alice)
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == [2, 3, 4]


@virtual
async def test_a_lost_announcement_is_read_as_soon_as_the_next_one_shows_the_hole():
    async with a_room() as room:
        alice = await room.joined()
        room.log.append(2)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == []
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == [1, 2, 3]


@virtual
async def test_a_hole_of_many_pages_is_read_at_once():
    async with a_room() as room:
        alice = await room.joined()
        room.log.append(1_700)
        await room.announce(*room.log.append())
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == list(range(1, 1_702))


@virtual
async def test_a_reordering_heals_itself():
    async with a_room() as room:
        alice = await room.joined()
        reads = room.log.reads
        first, second, third = room.log.append(3)
        for entry in (third, first, second):
            await room.announce(entry)
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == [1, 2, 3]
        assert room.log.reads == reads


@virtual
async def test_the_reconciler_finds_the_lost_last_event():
    async with a_room(3) as room:
        alice = await room.joined()
        room.log.append(2)
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == [4, 5]


@virtual
async def test_what_was_said_between_the_check_and_the_join_is_heard():
    async with a_room(3) as room:
        checked = room.log.head
        room.log.append()
        alice = room.subscribe(head=checked)
        room.log.append()
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == [4, 5]


@virtual
async def test_who_was_checked_later_than_the_feed_has_come_hears_from_there():
    async with a_room(3) as room:
        alice = await room.joined()
        room.log.append(2)
        bob = await room.joined()
        assert (alice.subscriber.seqs, bob.subscriber.seqs) == ([4, 5], [])
        await room.announce(*room.log.append())
        assert (alice.subscriber.seqs, bob.subscriber.seqs) == ([4, 5, 6], [6])


@virtual
async def test_with_the_layer_away_everything_comes_from_the_log():
    async with a_room() as room:
        room.layer.away = True
        alice = room.subscribe()
        for _ in range(3):
            room.log.append(2)
            await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == [1, 2, 3, 4, 5, 6]
        room.layer.away = False
        await asyncio.sleep(RECONCILED)
        reads = room.log.reads
        await room.announce(*room.log.append())
        assert (alice.subscriber.seqs[-1], room.log.reads) == (7, reads)


@virtual
async def test_an_announcement_nobody_understands_is_survived():
    """As when a newer release says more on the same layer."""
    async with a_room() as room:
        alice = await room.joined()
        strange = {"type": broadcast.ANNOUNCEMENT, "room": "x"}
        for message in (strange, {"type": "something.else"}, {**room.log.announcement(*room.log.append()), "seq": "?"}):
            await room.layer.group_send(broadcast.group(room.log.room_id), message)
        await asyncio.sleep(RECONCILED)
        await room.announce(*room.log.append())
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == [1, 2]


@virtual
async def test_an_announcement_nobody_understands_does_not_cost_the_link():
    async with a_room() as room:
        alice = await room.joined()
        await room.layer.group_send(broadcast.group(room.log.room_id), {"type": broadcast.ANNOUNCEMENT, "room": "x"})
        await asyncio.sleep(0.01)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [1]


# Catching up


@virtual
async def test_a_gap_of_many_pages_is_read_in_order_and_meets_what_comes():
    async with a_room(1_801) as room:
        alice = room.subscribe(since=0)
        for _ in range(20):
            await room.announce(*room.log.append())
            await asyncio.sleep(0.0005)
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == list(range(1, 1_822))


@virtual
async def test_a_log_that_is_away_is_waited_for():
    async with a_room(10) as room:
        room.log.fails = True
        alice, bob = room.subscribe(since=0), room.subscribe()
        await room.announce(*room.log.append())
        await asyncio.sleep(30)
        assert alice.subscriber.seqs == []
        room.log.fails = False
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == list(range(1, 12))
        assert bob.subscriber.seqs == [11]


@virtual
async def test_a_log_that_is_slow_holds_up_nobody_who_needs_it_not():
    async with a_room(10) as room:
        quick = await room.joined()
        room.log.answers.clear()
        slow = room.subscribe(since=2, listener=Listener())
        far = room.hub.subscribe(Listener(), room.log.room_id, room.log.head, 0)
        room.hub.start(far)
        await room.announce(*room.log.append())
        assert quick.subscriber.seqs == [11]
        assert slow.subscriber.seqs == []
        room.log.answers.set()
        await asyncio.sleep(0.1)
        assert slow.subscriber.seqs == list(range(3, 12))
        assert far.subscriber.seqs == list(range(1, 12))


@virtual
async def test_one_reader_repairs_a_room_however_many_ask():
    async with a_room() as room:
        for _ in range(20):
            await room.joined()
        room.log.answers.clear()
        reads = room.log.reads
        room.log.append()
        for _ in range(20):
            await room.announce(*room.log.append())
            await asyncio.sleep(0.06)
        assert room.log.reads == reads + 1
        room.log.answers.set()


@virtual
async def test_a_slow_subscriber_misses_nothing_and_delays_nobody():
    async with a_room() as room:
        slow, quick = await room.joined(), await room.joined()
        await room.announce(*room.log.append())
        slow.subscriber.stall()
        for _ in range(400):
            await room.announce(*room.log.append())
        assert quick.subscriber.seqs == list(range(1, 402))
        assert slow.subscriber.seqs == [1]
        slow.subscriber.take()
        await asyncio.sleep(0.1)
        assert slow.subscriber.seqs == list(range(1, 402))
        await room.announce(*room.log.append())
        assert slow.subscriber.seqs[-1] == 402


@virtual
async def test_a_subscriber_that_never_drains_is_given_up():
    async with a_room() as room:
        alice = await room.joined()
        alice.subscriber.stall()
        await room.announce(*room.log.append())
        alice.subscriber.close()
        await asyncio.sleep(0.1)
        room.hub.unsubscribe(alice)
        assert alice.subscriber.seqs == []


# Leaving


@virtual
async def test_the_unsubscribed_hear_nothing_more():
    async with a_room() as room:
        alice, witness = await room.joined(), await room.joined()
        room.hub.unsubscribe(alice)
        room.hub.unsubscribe(alice)
        await room.announce(*room.log.append())
        assert (alice.subscriber.seqs, witness.subscriber.seqs) == ([], [1])


@virtual
async def test_who_unsubscribes_while_too_slow_stays_unsubscribed():
    """The catch-up waits for room in the outbox; by the time there is some, nobody wants it any more."""
    async with a_room() as room:
        alice, witness = await room.joined(), await room.joined()
        alice.subscriber.stall()
        await room.announce(*room.log.append())
        await asyncio.sleep(0.01)
        room.hub.unsubscribe(alice)
        alice.subscriber.take()
        await room.announce(*room.log.append())
        await asyncio.sleep(0.1)
        await room.announce(*room.log.append())
        assert (alice.subscriber.seqs, witness.subscriber.seqs) == ([], [1, 2, 3])
        assert alice not in alice.feed


@virtual
async def test_who_subscribes_anew_while_too_slow_hears_nothing_twice():
    async with a_room() as room:
        alice = await room.joined()
        alice.subscriber.stall()
        await room.announce(*room.log.append())
        await asyncio.sleep(0.01)
        room.hub.unsubscribe(alice)
        again = room.subscribe(alice.subscriber, since=0)
        alice.subscriber.take()
        await asyncio.sleep(0.1)
        await room.announce(*room.log.append())
        assert again.subscriber.seqs == [1, 2]


@virtual
async def test_who_unsubscribes_during_a_read_hears_nothing_of_it():
    async with a_room(10) as room:
        alice = room.subscribe(since=0)
        room.hub.unsubscribe(alice)
        await asyncio.sleep(0.1)
        assert alice.subscriber.seqs == []
        assert alice not in alice.feed


@virtual
async def test_a_room_is_left_a_little_after_its_last_subscriber():
    async with a_room() as room:
        alice = await room.joined()
        room.hub.unsubscribe(alice)
        await asyncio.sleep(LINGERED / 2)
        assert room.listening
        bob = room.subscribe()
        await asyncio.sleep(LINGERED)
        assert room.listening, "somebody came back"
        room.hub.unsubscribe(bob)
        await asyncio.sleep(LINGERED)
        assert not room.listening


@virtual
async def test_a_room_left_while_the_layer_is_away_is_left_when_it_is_back():
    async with a_room() as room:
        alice = await room.joined()
        room.layer.away = True
        room.hub.unsubscribe(alice)
        await asyncio.sleep(LINGERED + RECONCILED)
        room.layer.away = False
        await asyncio.sleep(RECONCILED)
        assert not room.listening
        back = await room.joined()
        await room.announce(*room.log.append())
        assert back.subscriber.seqs == [1]


@virtual
async def test_who_comes_back_to_a_warm_room_is_served_without_the_log():
    async with a_room(10) as room:
        alice = await room.joined()
        reads = room.log.reads
        await room.announce(*room.log.append(3))
        room.hub.unsubscribe(alice)
        await room.announce(*room.log.append(3))
        back = await room.joined(since=13)
        assert (back.subscriber.seqs, room.log.reads) == ([14, 15, 16], reads)


@virtual
async def test_who_comes_back_as_the_room_is_left_hears_everything():
    async with a_room() as room:
        room.hub.unsubscribe(await room.joined())
        await asyncio.sleep(LINGERED - 1.001)
        for _ in range(20):
            checked = room.log.head
            await room.announce(*room.log.append())
            back = room.subscribe(head=checked)
            await asyncio.sleep(RECONCILED)
            assert back.subscriber.seqs == [room.log.last_seq]
            room.hub.unsubscribe(back)
            await asyncio.sleep(5 - 0.0001)


@virtual
async def test_a_room_left_during_a_read_and_entered_again_is_repaired_on_its_own():
    """The reader of the old feed hangs: the new one does not wait for it."""
    async with a_room() as room:
        alice = await room.joined()
        room.log.answers.clear()
        room.log.append()
        await room.announce(*room.log.append())
        await asyncio.sleep(0.1)
        room.hub.unsubscribe(alice)
        await asyncio.sleep(LINGERED)
        checked = room.log.head
        room.log.append()
        bob = room.subscribe(head=checked)
        reads = room.log.reads
        await asyncio.sleep(0.01)
        assert room.log.reads == reads + 1, "what was announced before we listened is in the log"
        room.log.answers.set()
        await asyncio.sleep(0.1)
        assert bob.subscriber.seqs == [3]


@virtual
async def test_closing_ends_everything_even_while_the_database_and_the_layer_are_away():
    async with a_room(5) as room:
        await room.joined(since=0)
        room.log.fails = room.layer.away = True
        slow = room.subscribe(since=0)
        slow.subscriber.stall()
        await asyncio.sleep(RECONCILED)


@virtual
async def test_closing_twice_is_closing_once():
    async with a_room() as room:
        await room.hub.aclose()
        alice = await room.joined()
        await room.hub.aclose()
        room.hub.unsubscribe(alice)


# Departures


@virtual
async def test_the_removed_hear_nothing_after_it_even_if_it_is_found_in_the_log():
    async with a_room() as room:
        alice, witness = await room.joined(), await room.joined()
        room.log.append()
        room.log.leave(alice.subscriber.user_id)
        await room.announce(*room.log.append())
        await asyncio.sleep(RECONCILED)
        assert (alice.subscriber.seqs, witness.subscriber.seqs) == ([1, 2], [1, 2, 3])
        assert alice.subscriber.notices == [("room.removed", "left")]


@virtual
async def test_the_removed_while_behind_hear_nothing_after_it():
    async with a_room(1_200) as room:
        alice = room.subscribe(since=0)
        await room.announce(room.log.leave(alice.subscriber.user_id), *room.log.append(3))
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == list(range(1, 1_202))
        assert alice not in alice.feed


@virtual
async def test_the_removed_between_the_check_and_the_subscription_hear_nothing_after_it():
    async with a_room(5) as room:
        await room.joined()
        alice, checked = Listener(), room.log.head
        await room.announce(room.log.leave(alice.user_id))
        await room.announce(*room.log.append())
        await room.joined(alice, head=checked)
        assert alice.seqs == [6]


@virtual
async def test_a_room_that_is_gone_ends_its_subscriptions():
    async with a_room() as room:
        alice = await room.joined()
        room.log.deleted = True
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.notices == [("room.removed", "deleted")]
        assert alice not in alice.feed


# A log that lost something


@virtual
async def test_a_reader_the_log_was_pruned_past_is_told_so_and_goes_on():
    async with a_room(20) as room:
        room.log.prune(12)
        alice = room.subscribe(since=3)
        await asyncio.sleep(0.1)
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        await room.announce(*room.log.append())
        resync = alice.subscriber.frames[0]
        assert alice.subscriber.seqs == list(range(resync["head"] + 1, 22))


@virtual
async def test_a_reader_of_a_log_pruned_to_its_end_is_told_so_and_the_log_asked_once():
    async with a_room(20) as room:
        room.log.prune(20)
        alice = room.subscribe(since=3)
        await asyncio.sleep(1)
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        assert room.log.reads < 5
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [21]


@pytest.mark.parametrize("pruned", [12, 19, 20])
@virtual
async def test_the_removed_while_pruned_past_hear_nothing_after_it(pruned):
    """Subscribed at 20; removed at 21 while what is left of the log is being read: 22 is not theirs."""
    async with a_room(20) as room:
        room.log.prune(pruned)
        await room.joined()
        alice = room.subscribe(since=3)
        await asyncio.sleep(0)
        await room.announce(room.log.leave(alice.subscriber.user_id))
        await asyncio.sleep(0.1)
        await room.announce(*room.log.append())
        assert 22 not in alice.subscriber.seqs
        assert alice not in alice.feed


@virtual
async def test_a_feed_the_log_was_pruned_past_resyncs_everybody_and_skips_no_more_than_is_gone():
    async with a_room() as room:
        room.layer.away = True
        alice = room.subscribe()
        await asyncio.sleep(0.3)
        room.log.append(20)
        room.log.prune(12)
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        assert alice.subscriber.seqs == list(range(13, 21))


@virtual
async def test_a_feed_whose_log_was_pruned_to_its_end_goes_on_from_the_head():
    async with a_room() as room:
        room.layer.away = True
        alice = room.subscribe()
        await asyncio.sleep(0.3)
        room.log.append(20)
        room.log.prune(20)
        await asyncio.sleep(RECONCILED)
        bob = room.subscribe()
        await asyncio.sleep(RECONCILED)
        assert room.log.reads < 10
        room.log.append()
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == bob.subscriber.seqs == [21]


@virtual
async def test_who_was_checked_later_than_the_pruned_feed_has_come_is_not_sent_back():
    """The reply said `from: 20`: nothing up to 20 may follow it."""
    async with a_room() as room:
        await room.joined()
        room.log.append(20)
        room.log.prune(12)
        bob = await room.joined()
        await asyncio.sleep(RECONCILED)
        await room.announce(*room.log.append())
        assert bob.subscriber.seqs == [21]


@virtual
async def test_a_log_with_an_event_torn_out_is_told_of():
    """No rule does that, but a row deleted by hand takes its event with it."""
    async with a_room(600) as room:
        alice = await room.joined()
        room.log.append(3)
        del room.log.entries[300], room.log.entries[600]
        bob = room.subscribe(since=0)
        await asyncio.sleep(3 * RECONCILED)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [601, 603, 604]
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        assert sorted(set(bob.subscriber.seqs)) == bob.subscriber.seqs
        assert bob.subscriber.notices == [("room.resync", "pruned")] * 2
        assert {*range(1, 605)} - {301, 602} == {*bob.subscriber.seqs}


@virtual
async def test_an_event_torn_out_while_another_arrives_sends_nobody_back():
    """6 comes late, from the layer, while the log is read: it has 6 and 8, and 7 is gone."""
    async with a_room(5) as room:
        alice = await room.joined()
        sixth, _, eighth = room.log.append(3)
        del room.log.entries[6]
        room.log.answers.clear()
        await room.announce(eighth)
        await asyncio.sleep(0.1)
        await room.announce(sixth)
        room.log.answers.set()
        await asyncio.sleep(2 * RECONCILED)
        assert alice.subscriber.seqs == [6, 8]
        assert alice.subscriber.notices == [("room.resync", "pruned")]


@virtual
async def test_a_read_from_before_a_resync_sends_nobody_back():
    """The page with 4 to 503 arrives after the feed has gone on from 610, and said so."""
    async with a_room(600) as room:
        await room.joined()
        late = room.log.answers = asyncio.Event()
        alice = room.subscribe(since=3)
        await asyncio.sleep(0.01)
        room.log.answers = asyncio.Event()
        room.log.answers.set()
        room.log.append(20)
        room.log.prune(610)
        await asyncio.sleep(RECONCILED)
        late.set()
        await asyncio.sleep(0.1)
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        assert alice.subscriber.seqs == list(range(611, 621))


@virtual
async def test_a_log_that_begins_past_the_feed_is_not_asked_again_and_again():
    """Pruned to its end, then one more event, whose announcement is lost: until the reconciler finds it."""
    async with a_room(20) as room:
        await room.joined()
        room.log.prune(20)
        room.log.append()
        alice = room.hub.subscribe(Listener(), room.log.room_id, room.log.head._replace(seq=20), 3)
        room.hub.start(alice)
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.notices == [("room.resync", "pruned")]
        assert alice.subscriber.seqs == [21]
        assert room.log.reads < 10


@virtual
async def test_a_restored_backup_resyncs_everybody_to_its_head():
    async with a_room(10) as room:
        alice = await room.joined()
        old = room.log.epoch
        room.log.restore(6)
        await room.announce(*room.log.append(), epoch=old)
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.notices == [("room.resync", "epoch")]
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs[-1] == 8
        resync = next(frame for frame in alice.subscriber.frames if frame["type"] == "room.resync")
        assert (resync["epoch"], resync["head"]) == (str(room.log.epoch), 7)


@virtual
async def test_a_log_that_went_back_under_the_same_epoch_resyncs_once_and_everybody_goes_on():
    """A standby took over without the last commits."""
    async with a_room(10) as room:
        live, slow = await room.joined(), await room.joined()
        slow.subscriber.stall()
        await room.announce(*room.log.append(3))
        epoch = room.log.epoch
        room.log.restore(6)
        room.log.epoch = epoch
        await asyncio.sleep(RECONCILED)
        slow.subscriber.take()
        await asyncio.sleep(2 * RECONCILED)
        await room.announce(*room.log.append())
        assert live.subscriber.notices == slow.subscriber.notices == [("room.resync", "epoch")]
        assert (live.subscriber.seqs, slow.subscriber.seqs) == ([11, 12, 13, 7], [7])


@virtual
async def test_what_was_known_of_an_old_counting_is_not_expected_of_the_new():
    """The reconciler knew of 100; while that is read, a backup from 50 is restored: 51 comes next, not 101."""
    async with a_room(10) as room:
        alice = await room.joined()
        room.log.answers.clear()
        room.log.append(90)
        room.hub.start(room.hub.subscribe(Listener(), room.log.room_id, room.log.head, 100))
        await asyncio.sleep(0.1)
        room.log.restore(50)
        await room.joined()
        room.log.answers.set()
        await asyncio.sleep(0.1)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [51]
        assert alice.subscriber.notices == [("room.resync", "epoch")]


@virtual
async def test_what_is_announced_of_an_old_counting_is_not_heard_in_the_new():
    async with a_room(10) as room:
        alice = await room.joined()
        old = room.log.epoch
        late = room.log.announcement(*room.log.append(), epoch=old)
        room.log.restore(10)
        await asyncio.sleep(RECONCILED)
        await room.layer.group_send(broadcast.group(room.log.room_id), late)
        await asyncio.sleep(0.1)
        assert (alice.subscriber.seqs, alice.feed.position) == ([], 10)


@virtual
async def test_who_is_no_member_in_a_restored_backup_hears_no_more():
    async with a_room(10) as room:
        alice, bob = await room.joined(), await room.joined()
        room.log.restore(6)
        room.log.strangers.add(bob.subscriber.user_id)
        await asyncio.sleep(RECONCILED)
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [7]
        assert bob.subscriber.seqs == []
        assert bob.subscriber.notices == [("room.resync", "epoch"), ("room.removed", "removed")]


@virtual
async def test_the_first_to_subscribe_in_a_new_counting_brings_everybody_along():
    async with a_room(10) as room:
        alice = await room.joined()
        room.log.restore(6)
        bob = await room.joined(since=4)
        assert bob.subscriber.seqs == [5, 6]
        assert alice.subscriber.notices == [("room.resync", "epoch")]
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == [7]
        await asyncio.sleep(RECONCILED)
        assert len(alice.subscriber.notices) == 1


@virtual
async def test_what_was_being_read_in_an_old_counting_is_not_delivered_in_the_new():
    async with a_room(10) as room:
        alice = await room.joined()
        room.log.answers.clear()
        room.log.append()
        await room.announce(*room.log.append())
        await asyncio.sleep(0.1)
        room.log.restore(10)
        bob = room.subscribe()
        old = len(alice.subscriber.frames)
        room.log.answers.set()
        await asyncio.sleep(RECONCILED)
        assert [frame for frame in alice.subscriber.frames[old:] if "seq" in frame] == []
        assert alice.subscriber.notices == [("room.resync", "epoch")]
        await room.announce(*room.log.append())
        assert alice.subscriber.seqs == bob.subscriber.seqs == [11]


def test_the_seam_is_as_the_log_is():
    from chat import log

    assert inspect.signature(Log.read).parameters.keys() - {"self"} == inspect.signature(log.read).parameters.keys()
    assert inspect.signature(Log.heads).parameters.keys() - {"self"} == inspect.signature(log.heads).parameters.keys()
