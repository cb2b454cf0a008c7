"""Pipelined sends: bounded, answered in their order, and nothing but another send or a ping overtakes them.

A room whose row somebody holds is a room whose sends are all under way, for as long as the test needs it.
"""

import asyncio
import contextlib
import json
import os
import secrets
from itertools import chain

import psycopg
import pytest
from django.conf import settings

from deploy.local.process import wait_until
from realtime.pipeline import _BOUND as BOUND
from realtime.pipeline import Pipeline
from tests.client import Person, Refused, Site, Socket
from tests.servers import Server
from tests.unit.clock import virtual

NOWHERE = "01890000-0000-7000-8000-000000000000"

# The counter


async def settled() -> None:
    await asyncio.sleep(0.01)


def under_way(count: int) -> Pipeline:
    pipeline = Pipeline()
    for _ in range(count):
        pipeline.enter()
    return pipeline


@virtual
async def test_there_is_room_below_the_bound_at_once():
    await under_way(BOUND - 1).room()


@virtual
async def test_at_the_bound_one_enters_for_each_that_leaves():
    pipeline = under_way(BOUND)
    for _ in range(3):
        waiting = asyncio.create_task(pipeline.room())
        await settled()
        assert not waiting.done()
        pipeline.leave()
        await waiting
        pipeline.enter()


@virtual
async def test_it_is_empty_when_the_last_one_left():
    pipeline = under_way(3)
    waiting = asyncio.create_task(pipeline.empty())
    for _ in range(3):
        await settled()
        assert not waiting.done()
        pipeline.leave()
    await waiting
    await pipeline.empty()


@virtual
async def test_what_was_never_entered_is_empty():
    await Pipeline().empty()


@virtual
async def test_a_command_and_a_worker_that_stops_may_both_wait():
    pipeline = under_way(BOUND)
    empty = [asyncio.create_task(pipeline.empty()) for _ in range(2)]
    room = asyncio.create_task(pipeline.room())
    await settled()
    pipeline.leave()
    await room
    for _ in range(BOUND - 1):
        assert not any(task.done() for task in empty)
        pipeline.leave()
        await settled()
    await asyncio.gather(*empty)


@virtual
async def test_who_gives_up_waiting_keeps_nobody_else_from_it():
    pipeline = under_way(1)
    impatient, patient = (asyncio.create_task(pipeline.empty()) for _ in range(2))
    await settled()
    impatient.cancel()
    await settled()
    pipeline.leave()
    await patient


@virtual
async def test_what_enters_before_the_waiter_looks_is_waited_for_too():
    pipeline = under_way(1)
    waiting = asyncio.create_task(pipeline.empty())
    await settled()
    pipeline.leave()
    pipeline.enter()
    await settled()
    assert not waiting.done()
    pipeline.leave()
    await waiting


# On a socket


async def tell(socket: Socket, type: str, **fields) -> None:
    """A command, without waiting for its reply."""
    await socket.connection.send(json.dumps({"type": type, **fields}))


async def send(socket: Socket, room: str, numbers, **fields) -> None:
    for number in numbers:
        await tell(socket, "message.send", id=number, room=room, body=str(number), **fields)


async def replies(socket: Socket, count: int) -> list[dict]:
    return [await socket.wait_for(lambda frame: frame["type"] == "reply") for _ in range(count)]


async def bodies(person: Person, room: str) -> list[str]:
    return [event["data"]["body"] for event in await whole_log(person, room)]


async def whole_log(person: Person, room: str) -> list[dict]:
    """Checked for holes."""
    events: list[dict] = []
    while page := (await person.call("GET", f"rooms/{room}/events/?limit=200&after_seq={len(events)}"))["results"]:
        events += page
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    return events


async def test_sends_are_stored_and_answered_in_the_order_sent_however_many(site):
    alice = await site.person("alice")
    room = await alice.room()
    count = 4 * BOUND
    async with alice.socket() as socket:
        await send(socket, room, range(count))
        answered = await replies(socket, count)
    assert [reply["id"] for reply in answered] == list(range(count))
    assert [reply["data"]["seq"] for reply in answered] == list(range(1, count + 1))
    assert await bodies(alice, room) == [str(number) for number in range(count)]


async def test_a_read_marker_moves_to_what_was_just_sent(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        for turn in range(1, 6):
            await send(socket, room, range(20))
            await tell(socket, "room.read", id="read", room=room, seq=20 * turn)
            *_, read = await replies(socket, 21)
            assert (read["id"], read["ok"]) == ("read", True), read
            assert read["data"]["last_read_seq"] == 20 * turn


async def test_a_subscription_begins_after_what_was_just_sent(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await send(socket, room, range(30))
        await tell(socket, "room.subscribe", id="subscribe", room=room)
        await send(socket, room, range(30, 60))
        answered = await replies(socket, 61)
        heard = await socket.events(30)
    assert [reply["id"] for reply in answered] == [*range(30), "subscribe", *range(30, 60)]
    assert answered[30]["data"]["head"] == 30
    assert [event["seq"] for event in heard] == list(range(31, 61))


async def test_a_subscription_is_ended_before_what_is_sent_after(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room)
        await send(socket, room, range(10))
        await tell(socket, "room.unsubscribe", id="unsubscribe", room=room)
        await send(socket, room, range(10, 20))
        assert [reply["id"] for reply in await replies(socket, 21)] == [*range(10), "unsubscribe", *range(10, 20)]
        await tell(socket, "ping")
        await socket.wait_for(lambda frame: frame["type"] == "pong")
        assert all(frame["seq"] <= 10 for frame in socket.passed)


async def test_sends_that_are_refused_are_answered_in_their_place_and_leave_no_hole(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    room, forbidden = await alice.room(), await bob.room()
    async with alice.socket() as socket:
        for number in range(30):
            where = (room, forbidden, NOWHERE)[number % 3]
            await tell(socket, "message.send", id=number, room=where, body=str(number))
        answered = await replies(socket, 30)
    assert [reply["id"] for reply in answered] == list(range(30))
    assert [reply["ok"] for reply in answered] == [True, False, False] * 10
    assert {reply["error"]["code"] for reply in answered if not reply["ok"]} == {"not_found"}
    assert await bodies(alice, room) == [str(number) for number in range(0, 30, 3)]


async def test_sends_that_are_invalid_leave_no_hole_either(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        for number in range(30):
            await tell(socket, "message.send", id=number, room=room, body=str(number) if number % 3 else " ")
        answered = {reply["id"]: reply for reply in await replies(socket, 30)}
    assert {number for number, reply in answered.items() if not reply["ok"]} == set(range(0, 30, 3))
    assert {reply["error"]["code"] for reply in answered.values() if not reply["ok"]} == {"invalid"}
    assert await bodies(alice, room) == [str(number) for number in range(30) if number % 3]


async def test_the_same_client_ref_in_flight_many_times_is_one_message(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as one, alice.socket(worker=1) as two:
        for socket in (one, two):
            await send(socket, room, range(40), client_ref="once")
        answered = [*await replies(one, 40), *await replies(two, 40)]
    assert len({reply["data"]["id"] for reply in answered}) == 1
    assert len(await bodies(alice, room)) == 1


async def test_each_socket_of_a_person_keeps_its_own_order(site, gather):
    alice = await site.person("alice")
    room = await alice.room()

    async def write(worker: int) -> list[int]:
        async with alice.socket(worker=worker) as socket:
            await send(socket, room, range(100))
            answered = await replies(socket, 100)
        assert [reply["id"] for reply in answered] == list(range(100))
        return [reply["data"]["seq"] for reply in answered]

    written = await gather(*map(write, range(4)))
    assert all(seqs == sorted(seqs) for seqs in written)
    assert sorted(chain(*written)) == list(range(1, 401))


async def test_sends_to_many_rooms_are_answered_in_the_order_sent(site):
    alice = await site.person("alice")
    rooms = [await alice.room() for _ in range(5)]
    async with alice.socket() as socket:
        for number in range(150):
            await tell(socket, "message.send", id=number, room=rooms[number % 5], body=str(number))
        answered = await replies(socket, 150)
    assert [reply["id"] for reply in answered] == list(range(150))
    for place, room in enumerate(rooms):
        assert await bodies(alice, room) == [str(number) for number in range(place, 150, 5)]


# While a room is held


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


async def pong(socket: Socket) -> None:
    await tell(socket, "ping")
    await socket.wait_for(lambda frame: frame["type"] == "pong")


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
