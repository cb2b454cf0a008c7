"""A room whose row somebody holds is one whose sends are all under way, for as long as the test needs it."""

import asyncio
import contextlib
import os
import secrets
from itertools import chain

import psycopg
import pytest
from django.conf import settings

from devtools.process import wait_until
from realtime.connection.pipeline import _BOUND as BOUND
from tests.client import Refused, Site
from tests.servers import Server
from tests.unit.pipelined import bodies, pong, replies, send, tell, whole_log


@pytest.fixture(scope="module")
def database(postgres_database) -> str:
    return postgres_database()


@pytest.fixture(scope="module")
def log(folder):
    return folder / "pipeline.log"


@pytest.fixture(scope="module")
def held_url(log, database):
    variables = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4)}
    with Server(log, DATABASE_URL=database, **variables) as server:
        yield server.url


@pytest.fixture
async def alone(held_url, log):
    """One worker, which has nothing to complain of."""
    async with Site([held_url]).open() as opened:
        yield opened
    assert "Traceback" not in log.read_text()


@pytest.fixture
def hold(database):
    """A context manager: while it lasts, the room's row is locked, and what is sent there waits."""

    @contextlib.contextmanager
    def holding(room: str):
        with psycopg.connect(database) as connection:
            connection.execute("SELECT FROM chat_room WHERE id = %s FOR UPDATE", [room])
            yield connection

    return holding


def blocks(holder: psycopg.Connection) -> bool:
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid)))"
    return bool(holder.execute(waiting, [holder.info.backend_pid]).fetchone()[0])


async def test_a_ping_is_answered_while_sends_are_under_way(alone, hold):
    alice = await alone.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        with hold(room):
            await send(socket, room, range(BOUND))
            await pong(socket)
            assert not socket.passed, "nothing was answered"
        assert [reply["id"] for reply in await replies(socket, BOUND)] == list(range(BOUND))


async def test_past_the_bound_a_frame_is_read_when_a_send_was_answered(alone, hold):
    alice, bob = await alone.person("alice"), await alone.person("bob")
    room = await alice.room()
    async with alice.socket() as socket, bob.socket() as another:
        with hold(room):
            await send(socket, room, range(BOUND + 1))
            await tell(socket, "ping")
            await pong(another)
        frames = [await socket.frame() for _ in range(BOUND + 2)]
    assert frames[0]["type"] == "reply", "the ping was behind one too many"
    assert [frame["id"] for frame in frames if frame["type"] == "reply"] == list(range(BOUND + 1))


async def test_a_command_waits_for_the_sends_before_it(alone, hold):
    alice = await alone.person("alice")
    room, elsewhere = await alice.room(), await alice.room()
    async with alice.socket() as socket:
        with hold(room):
            await send(socket, room, range(10))
            await tell(socket, "room.subscribe", id="subscribe", room=elsewhere)
            await tell(socket, "authenticate", id="authenticate", token=alice.token)
            await tell(socket, "ping")
        frames = [await socket.frame() for _ in range(13)]
    assert [frame.get("id", frame["type"]) for frame in frames] == [*range(10), "subscribe", "authenticate", "pong"]


async def test_others_are_served_while_somebodys_sends_are_under_way(alone, hold):
    alice, bob = await alone.person("alice"), await alone.person("bob")
    room, quiet = await alice.room(), await bob.room()
    async with alice.socket() as busy, bob.socket() as other:
        with hold(room):
            await send(busy, room, range(2 * BOUND))
            await other.command("room.subscribe", room=quiet)
            await other.command("room.read", room=quiet, seq=0)
            assert (await bob.call("GET", f"rooms/{quiet}/"))["last_seq"] == 0
        await replies(busy, 2 * BOUND)


async def test_a_room_that_somebody_holds_does_not_fail_what_is_sent_to_another(alone, hold):
    """An app's slow transaction, or a worker that froze in one, has a lock on its own rooms and on no others."""
    alice, bob = await alone.person("alice"), await alone.person("bob")
    room, quiet = await alice.room(), await bob.room()
    async with alice.socket() as waiting, bob.socket() as other:
        with hold(room) as holder:
            await send(waiting, room, [0])
            assert await asyncio.to_thread(wait_until, lambda: blocks(holder), 10.0)
            await send(waiting, room, [1])
            await pong(waiting)  # the first is under way, and the second will share its batch with the other
            assert (await other.command("message.send", room=quiet, body="x"))["seq"] == 1
        await replies(waiting, 2)


@pytest.mark.parametrize("count", [20, 3 * BOUND], ids=["some", "more than the bound"])
async def test_who_vanishes_with_sends_under_way_harms_nobody(alone, hold, count):
    alice, bob = await alone.person("alice"), await alone.person("bob")
    room = await alice.room(bob)
    async with bob.socket() as listener:
        await listener.command("room.subscribe", room=room)
        with hold(room):
            async with alice.socket() as socket:
                await send(socket, room, range(count))
                if count < BOUND:
                    await pong(socket)  # so all of them are with the writer
                socket.connection.transport.abort()
                await socket.connection.wait_closed()
            await pong(listener)
        last = await bob.send(room, "after")
        heard = await listener.events(last["seq"] - 1)
        assert heard == (await whole_log(bob, room))[1 : last["seq"]]
        said = [event["data"]["body"] for event in heard if event["data"]["author"]["id"] == alice.id]
        assert said == [str(number) for number in range(len(said))]
        assert len(said) >= min(count, BOUND)


async def test_who_says_goodbye_with_sends_under_way_harms_nobody(alone, hold):
    alice = await alone.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        with hold(room):
            await send(socket, room, range(20))
            await pong(socket)
            await socket.connection.close()
    async with alice.socket() as socket:
        assert (await socket.command("message.send", room=room, body="after"))["seq"] == 21
    assert await bodies(alice, room) == [*map(str, range(20)), "after"]


async def test_what_a_full_writer_refuses_is_said_at_once_and_sent_again_later(alone, hold, gather):
    """More sockets than the queue has room for, each with all the sends that it may have under way."""
    alice = await alone.person("alice")
    room = await alice.room()
    sockets = (settings.WRITER_QUEUE_MAX + 256) // BOUND + 4
    async with contextlib.AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(alice.socket()) for _ in range(sockets)]

        async def write(number: int) -> list[dict]:
            for place in range(BOUND):
                ref = f"{number}-{place}"
                await tell(opened[number], "message.send", id=ref, room=room, body=ref, client_ref=ref)
            await pong(opened[number])
            return list(opened[number].passed)

        with hold(room):
            refused = list(chain(*await gather(*map(write, range(sockets)))))
            with pytest.raises(Refused, match="overloaded") as by_rest:
                await alice.send(room, "one more")
        await gather(*(replies(socket, BOUND) for socket in opened))
        for ref in [reply["id"] for reply in refused]:
            await opened[0].command("message.send", room=room, body=ref, client_ref=ref)
    assert len(refused) >= BOUND
    assert {reply["error"]["code"] for reply in refused} == {"overloaded"}
    assert all(reply["error"]["retry_after"] > 0 for reply in refused)
    assert (by_rest.value.status, by_rest.value.body["retry_after"] > 0) == (503, True)
    expected = {f"{number}-{place}" for number in range(sockets) for place in range(BOUND)}
    stored = await bodies(alice, room)
    assert len(stored) == len(expected)
    assert set(stored) == expected
