"""Leaving a room, coming back to it, and being removed from it."""

import asyncio

from tests.unit.clock import virtual
from tests.unit.hub_room import LINGERED, RECONCILED, a_room
from tests.unit.stand_ins import Listener

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
        await asyncio.sleep(0.01)
        room.log.answers.set()
        await asyncio.sleep(0.2)
        assert bob.subscriber.seqs == [3], "what was announced before we listened is in the log"


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
