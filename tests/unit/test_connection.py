"""A socket's outbox: bounded, in order, and over at once when it is over."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from accounts.tokens import Identity
from realtime.closing import Close
from realtime.connection import Connection
from realtime.frames import Burst
from realtime.hub import Hub
from tests.unit.clock import virtual
from tests.unit.stand_ins import LAYERS, Log, payload

MAXIMUM = 100
TEN = "x" * 10


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.CHANNEL_LAYERS = LAYERS
    settings.REALTIME_OUTBOX_MAX_BYTES = MAXIMUM
    settings.REALTIME_STALLED_SECONDS = 10
    settings.REALTIME_LINGER_SECONDS = 5.0


class Socket:
    """What a server's `send` is: it takes frames while it `takes`, or raises `error`."""

    def __init__(self):
        self.sent: list[str] = []
        self.closed: list[int] = []
        self.error: Exception | None = None
        self.busy = 0
        self.takes = asyncio.Semaphore(1_000_000)

    async def send(self, message: dict) -> None:
        assert self.busy == 0 or message["type"] == "websocket.close", "one frame at a time"
        self.busy += 1
        try:
            await self.takes.acquire()
            if self.error is not None:
                raise self.error
            await asyncio.sleep(0)
        finally:
            self.busy -= 1
        assert not self.closed, "nothing follows a close"
        if message["type"] == "websocket.close":
            self.closed.append(message["code"])
        else:
            self.sent.append(message["text"])

    def stall(self) -> None:
        self.takes = asyncio.Semaphore(0)

    def take(self, frames: int) -> None:
        for _ in range(frames):
            self.takes.release()


class Client:
    """A connection on a Socket, and a room for it to be in."""

    def __init__(self):
        self.log, self.socket = Log(), Socket()
        # Deliveries take no time: how long they really took would decide what is gathered.
        self.hub = Hub(self.log, asyncio.get_running_loop().time)
        identity = Identity(uuid4(), "alice", uuid4(), datetime(2040, 1, 1, tzinfo=UTC))
        self.connection = Connection(self.socket.send, self.hub, identity)

    def subscribe(self):
        subscription = self.hub.subscribe(self.connection, self.log.room_id, self.log.head, self.log.last_seq)
        self.connection.subscriptions[self.log.room_id] = subscription
        self.hub.start(subscription)
        return subscription

    def offer(self, text: str) -> bool:
        return self.connection.offer(Burst([text]))

    def fill(self) -> int:
        """Offer until it refuses; how many frames it took."""
        taken = 0
        while self.offer(TEN):
            taken += 1
        return taken


@asynccontextmanager
async def a_client():
    client = Client()
    yield client
    client.connection.abandon()
    await client.hub.aclose()


async def settled(seconds: float = 0.01) -> None:
    await asyncio.sleep(seconds)


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
        await settled(10.5)
        client.socket.take(100)
        assert [await task for task in waiting] == [False] * 3
        await settled(5)
        assert client.socket.closed == [Close.TOO_SLOW]
        assert client.connection.subscriptions == {}
        assert not await client.connection.drained()


@virtual
async def test_who_takes_not_even_the_close_is_given_up_within_moments():
    async with a_client() as client:
        client.socket.stall()
        client.fill()
        assert not await client.connection.drained()
        assert client.connection.closed
        assert asyncio.get_running_loop().time() < 15


# A client that is gone


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("after close"), ValueError("a bug of the server's")])
def test_after_a_frame_that_could_not_be_sent_none_follows(error, caplog):
    """One more frame would be one after a hole."""

    @virtual
    async def scenario():
        async with a_client() as client:
            client.subscribe()
            client.socket.stall()
            client.connection.tell("sent")
            client.connection.tell("lost")
            client.socket.take(1)
            await settled()
            client.socket.error = error
            client.socket.take(1)
            await settled()
            client.socket.error = None
            client.connection.tell("never")
            client.socket.take(10)
            await settled()
            assert client.socket.sent == ["sent"]
            assert client.connection.closed
            assert client.connection.subscriptions == {}
            assert not await client.connection.drained()

    scenario()


# Closing


@virtual
async def test_a_close_follows_what_was_told_before_it():
    async with a_client() as client:
        client.connection.tell("goodbye")
        await client.connection.close(Close.UNAUTHENTICATED)
        assert (client.socket.sent, client.socket.closed) == (["goodbye"], [4401])


@virtual
async def test_it_closes_once_whoever_asks():
    async with a_client() as client:
        client.connection.tell("x")
        codes = (Close.UNAUTHENTICATED, Close.TOO_SLOW, Close.BAD_COMMANDS)
        await asyncio.gather(*(client.connection.close(code) for code in codes))
        await client.connection.close(Close.SERVER_ERROR)
        assert client.socket.closed == [4401]


@virtual
async def test_it_is_silent_from_the_moment_it_begins_to_close():
    """A revoked token hears no more of its rooms, however long the client takes to read what came before."""
    async with a_client() as client:
        subscription = client.subscribe()
        client.socket.stall()
        client.connection.tell("before")
        closing = asyncio.create_task(client.connection.close(Close.UNAUTHENTICATED))
        await settled()
        subscription.feed.offer([(1, payload(1))])
        subscription.feed.flush()
        client.connection.tell("after")
        client.socket.take(10)
        await closing
        assert (client.socket.sent, client.socket.closed) == (["before"], [4401])


class Stalled:
    """An outlet that has room for more, and takes its time to close."""

    full = False

    def __init__(self):
        self.texts: list[str] = []
        self.closing = asyncio.Event()

    def put(self, burst) -> None:
        self.texts += burst.texts

    async def finish(self, code: int) -> None:
        await self.closing.wait()

    def drop(self) -> None:
        self.closing.set()


@virtual
async def test_a_subscription_that_begins_while_it_closes_hears_nothing():
    """Its room was being looked up when the token was revoked."""
    log, outlet = Log(3), Stalled()
    hub = Hub(log, asyncio.get_running_loop().time)
    identity = Identity(uuid4(), "alice", uuid4(), datetime(2040, 1, 1, tzinfo=UTC))
    connection = Connection(None, hub, identity, outlet)
    closing = asyncio.create_task(connection.close(Close.UNAUTHENTICATED))
    await settled()
    hub.start(hub.subscribe(connection, log.room_id, log.head, 0))
    await settled(2)
    assert outlet.texts == []
    connection.abandon()
    await closing
    await hub.aclose()


@virtual
async def test_a_close_does_not_wait_for_a_client_that_reads_nothing():
    async with a_client() as client:
        client.socket.stall()
        client.connection.tell("unread")
        await client.connection.close(Close.SERVER_ERROR)
        assert asyncio.get_running_loop().time() < 3
        assert client.connection.closed


@virtual
async def test_a_server_that_minds_the_close_is_not_minded():
    async with a_client() as client:
        client.socket.error = RuntimeError("closed already")
        await client.connection.close(Close.SERVER_ERROR)
        assert client.connection.closed


@virtual
async def test_after_the_end_nothing_is_kept():
    async with a_client() as client:
        client.subscribe()
        client.socket.stall()
        client.fill()
        client.connection.abandon()
        client.connection.abandon()
        client.connection.tell("x")
        client.offer("x")
        client.socket.take(100)
        await settled()
        assert client.socket.sent == []
        assert client.connection.subscriptions == {}


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
