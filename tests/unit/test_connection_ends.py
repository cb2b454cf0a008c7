"""However a connection ends: silent from that moment on, and over soon, whatever the client does."""

import asyncio

import pytest
from django.test import override_settings

from realtime.connection.connection import Connection
from realtime.hub import Hub
from realtime.protocol.close_codes import Close
from tests.unit.clock import virtual
from tests.unit.connection_room import SETTINGS, a_client, alice, settled
from tests.unit.stand_ins import Log, payload


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


@override_settings(**SETTINGS)
@virtual
async def test_a_subscription_that_begins_while_it_closes_hears_nothing():
    """Its room was being looked up when the token was revoked."""
    log, outlet = Log(3), Stalled()
    hub = Hub(log, asyncio.get_running_loop().time)
    connection = Connection(None, hub, alice(), outlet)
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
