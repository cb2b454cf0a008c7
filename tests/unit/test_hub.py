"""The hub over a log in a list and the in-memory layer: announcements are hints, and the log is what is heard."""

import asyncio
from uuid import uuid4

from chat.eventlog import announcements
from core.announcer import announcer
from tests.unit.clock import virtual
from tests.unit.hub_room import RECONCILED, a_room
from tests.unit.stand_ins import Listener

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
        strange = {"type": announcements.ANNOUNCEMENT, "room": "x"}
        for message in (strange, {"type": "something.else"}, {**room.log.announcement(*room.log.append()), "seq": "?"}):
            await room.layer.group_send(announcements.group(room.log.room_id), message)
        await asyncio.sleep(RECONCILED)
        await room.announce(*room.log.append())
        await asyncio.sleep(RECONCILED)
        assert alice.subscriber.seqs == [1, 2]


@virtual
async def test_an_announcement_nobody_understands_does_not_cost_the_link():
    async with a_room() as room:
        alice = await room.joined()
        await room.layer.group_send(
            announcements.group(room.log.room_id), {"type": announcements.ANNOUNCEMENT, "room": "x"}
        )
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


@virtual
async def test_what_this_process_announces_it_hears_whatever_the_layer_does():
    async with a_room() as room:
        alice = await room.joined()
        room.layer.away = True
        announcer.attach()
        (entry,) = room.log.append()
        announcements.Appended(room.log.room_id, room.log.epoch, entry.seq, [entry.payload]).put()
        await asyncio.sleep(0.01)
        assert (alice.subscriber.seqs, room.log.reads) == ([1], 0)
        await announcer.aclose()
    assert announcer.listeners == []


@virtual
async def test_a_layer_that_hangs_holds_up_nothing_that_is_heard_here():
    """Each send to it takes a second to be given up."""
    async with a_room() as room:
        alice = await room.joined()
        room.layer.taking.clear()
        announcer.attach()
        announcements.Appended(uuid4(), uuid4(), 1, ["of another room"]).put()
        await asyncio.sleep(0.01)
        (entry,) = room.log.append()
        announcements.Appended(room.log.room_id, room.log.epoch, entry.seq, [entry.payload]).put()
        await asyncio.sleep(0.01)
        assert alice.subscriber.seqs == [1]
        room.layer.taking.set()
        await announcer.aclose()
