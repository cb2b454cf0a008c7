"""A log that lost something: pruned, torn, or restored from a backup. Readers are told, and go on."""

import asyncio
import inspect

import pytest

from chat.eventlog import announcements
from tests.unit.clock import virtual
from tests.unit.hub_room import RECONCILED, a_room
from tests.unit.stand_ins import Listener, Log


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
        # The feed came to the hole before it came to him, who is told to begin anew past it.
        assert bob.subscriber.notices == [("room.resync", "pruned")]
        assert bob.subscriber.seqs == [603, 604]


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
        await room.layer.group_send(announcements.group(room.log.room_id), late)
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
    from chat.eventlog import log

    assert inspect.signature(Log.read).parameters.keys() - {"self"} == inspect.signature(log.read).parameters.keys()
    assert inspect.signature(Log.heads).parameters.keys() - {"self"} == inspect.signature(log.heads).parameters.keys()
