"""A socket's outbox: bounded, in order, drained in time, and left by what the hub has ended."""

import asyncio
from uuid import uuid4

from realtime.protocol.close_codes import Close
from tests.unit.clock import virtual
from tests.unit.connection_room import MAXIMUM, TEN, a_client, settled


@virtual
async def test_frames_leave_in_the_order_they_were_handed_over():
    async with a_client() as client:
        for number in range(5):
            assert client.offer(f"event {number}")
            client.connection.tell(f"reply {number}")
        await settled()
        client.connection.tell("last")
        await settled()
        assert client.socket.sent == [f"{kind} {number}" for number in range(5) for kind in ("event", "reply")] + [
            "last"
        ]


# The bound


@virtual
async def test_no_more_than_the_bound_and_one_frame_is_unsent():
    async with a_client() as client:
        client.socket.stall()
        assert client.fill() == MAXIMUM // 10 + 1
        assert not client.offer("x")


@virtual
async def test_what_was_asked_for_is_told_even_past_the_bound():
    async with a_client() as client:
        client.socket.stall()
        taken = client.fill()
        client.connection.tell("reply")
        client.socket.take(100)
        await settled()
        assert client.socket.sent == [TEN] * taken + ["reply"]


@virtual
async def test_a_frame_counts_until_it_is_sent():
    async with a_client() as client:
        client.socket.stall()
        client.fill()
        await settled()
        assert not client.offer("x"), "one is with the server, which has not taken it"
        client.socket.take(2)
        await settled()
        assert client.offer("x")


# Draining


@virtual
async def test_who_has_room_is_drained_at_once():
    async with a_client() as client:
        assert await client.connection.drained()
        client.socket.stall()
        client.offer(TEN)
        assert await client.connection.drained()


@virtual
async def test_a_full_outbox_is_drained_when_it_is_half_empty():
    async with a_client() as client:
        client.socket.stall()
        taken = client.fill()
        waiting = [asyncio.create_task(client.connection.drained()) for _ in range(3)]
        client.socket.take(taken - MAXIMUM // 20 - 1)
        await settled()
        assert not any(task.done() for task in waiting)
        client.socket.take(1)
        await settled()
        assert [await task for task in waiting] == [True] * 3
        assert client.offer(TEN)


@virtual
async def test_who_takes_a_little_in_time_is_not_cut_off():
    async with a_client() as client:
        client.socket.stall()
        for _ in range(5):
            client.fill()
            drained = asyncio.create_task(client.connection.drained())
            await settled(9)
            client.socket.take(MAXIMUM // 10 - 1)
            assert await drained
        assert client.socket.closed == []


@virtual
async def test_who_takes_nothing_for_too_long_is_closed_as_too_slow():
    async with a_client() as client:
        client.subscribe()
        client.socket.stall()
        client.fill()
        waiting = [asyncio.create_task(client.connection.drained()) for _ in range(3)]
        await settled(11.5)
        client.socket.take(100)
        assert [await task for task in waiting] == [False] * 3
        await settled(5)
        assert client.socket.closed == [Close.TOO_SLOW]
        assert client.connection.subscriptions == {}
        assert not await client.connection.drained()


@virtual
async def test_a_client_whose_reading_is_noticed_just_after_the_deadline_is_kept():
    """As after a stop of the whole process: its timers run before the sockets are looked at."""
    async with a_client() as client:
        client.socket.stall()
        client.fill()
        drained = asyncio.create_task(client.connection.drained())
        await settled(10.5)
        client.socket.take(100)
        assert await drained
        assert client.socket.closed == []


@virtual
async def test_who_takes_not_even_the_close_is_given_up_within_moments():
    async with a_client() as client:
        client.socket.stall()
        client.fill()
        assert not await client.connection.drained()
        assert client.connection.closed
        assert asyncio.get_running_loop().time() < 15


# The hub's hand on it


@virtual
async def test_a_subscription_the_hub_ends_is_forgotten_and_another_stays():
    async with a_client() as client:
        subscription = client.subscribe()
        client.connection.subscriptions[other := uuid4()] = subscription
        client.connection.forget(client.log.room_id)
        client.connection.forget(client.log.room_id)
        assert list(client.connection.subscriptions) == [other]
        assert subscription not in subscription.feed


@virtual
async def test_a_slow_client_unsubscribes_while_its_catch_up_waits_and_hears_nothing_more():
    async with a_client() as client:
        client.subscribe()
        await settled()
        client.socket.stall()
        before = client.fill()
        feed = client.connection.subscriptions[client.log.room_id].feed
        feed.offer(client.log.append())
        feed.flush()
        await settled()
        client.connection.forget(client.log.room_id)
        client.socket.take(1_000)
        await settled()
        feed.offer(client.log.append())
        feed.flush()
        await settled()
        assert client.socket.sent == [TEN] * before
        assert feed.subscriptions == []
