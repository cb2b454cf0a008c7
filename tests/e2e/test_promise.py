"""The promise, whole: two worker processes, PostgreSQL and a Valkey that dies, and every client hears one sequence."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable

import pytest

from devtools.valkey import Valkey
from tests.client import Person, Site, Socket
from tests.servers import Server

CLIENTS = 20
MESSAGES = 1_000
OUTAGE_SECONDS = 10


@pytest.fixture
def valkey(folder):
    """One of its own: this test kills it."""
    with Valkey() as valkey:
        yield valkey


@pytest.fixture
async def site(folder, postgres_database, valkey):
    shared = {"DATABASE_URL": postgres_database(), "REDIS_URL": valkey.url}
    with contextlib.ExitStack() as stack:
        run = secrets.token_hex(3)
        workers = [stack.enter_context(Server(folder / f"promise-{run}-{n}.log", **shared)) for n in range(2)]
        async with Site([worker.url for worker in workers]).open() as opened:
            yield opened


async def nothing() -> None:
    """No fault."""


async def test_every_client_hears_the_same_sequence(site, gather):
    await _everybody_hears_everything(site, gather, nothing, pause=0)


async def test_every_client_hears_the_same_sequence_while_valkey_is_dead(site, valkey, folder, gather):
    async def outage() -> None:
        await asyncio.to_thread(valkey.kill)
        await asyncio.sleep(OUTAGE_SECONDS)
        await asyncio.to_thread(valkey.start)

    # Slow enough that the writing outlasts the outage.
    await _everybody_hears_everything(site, gather, outage, pause=0.12)
    # The outage was felt: announcements were lost, and the log made up for them.
    assert any("announcements are being lost" in log.read_text() for log in folder.glob("promise-*.log"))


async def _everybody_hears_everything(site: Site, gather, fault: Callable[[], Awaitable[None]], pause: float) -> None:
    people = await gather(*(site.newcomer("member") for _ in range(CLIENTS)))
    room = await people[0].room(*people[1:])
    total = CLIENTS - 1 + MESSAGES

    async with contextlib.AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(person.socket(worker=index)) for index, person in enumerate(people)
        ]
        for listener in listeners:
            await listener.command("room.subscribe", room=room, since=0)
        *heard, _ = await gather(
            *(listener.events(total) for listener in listeners), _write(people, room, fault, pause)
        )
        assert all(listener.connection.state.name == "OPEN" for listener in listeners)

    log = await _whole_log(people[0], room)
    assert [event["seq"] for event in log] == list(range(1, total + 1))
    for events in heard:
        assert events == log


async def _write(people: list[Person], room: str, fault: Callable[[], Awaitable[None]], pause: float) -> None:
    """Half the messages by REST and half by sockets, on both workers; the fault comes after a third of them."""
    third = asyncio.Event()
    left = iter(range(MESSAGES))

    async def rest(number: int) -> None:
        if number == MESSAGES // 3:
            third.set()
        await asyncio.sleep(pause)

    async def by_rest(person: Person, worker: int) -> None:
        for number in left:
            await person.send(room, f"rest {number}", worker=worker, client_ref=f"{number}")
            await rest(number)

    async def by_socket(person: Person, worker: int) -> None:
        async with person.socket(worker=worker) as socket:
            for number in left:
                await socket.command("message.send", room=room, body=f"socket {number}", client_ref=f"{number}")
                await rest(number)

    async def interfere() -> None:
        await third.wait()
        await fault()

    async with asyncio.TaskGroup() as group:
        for index, person in enumerate(people[:8]):
            group.create_task((by_rest if index % 2 else by_socket)(person, index // 2))
        group.create_task(interfere())


async def _whole_log(person: Person, room: str) -> list[dict]:
    events: list[dict] = []
    while True:
        page = await person.call("GET", f"rooms/{room}/events/?limit=200&after_seq={len(events)}")
        events += page["results"]
        if page["next"] is None:
            return events


async def test_who_leaves_and_comes_back_misses_nothing(site, gather):
    """Leave at some seq, return with `since`, again and again, while others write all the time."""
    alice, bob, carol = await gather(*(site.newcomer(name) for name in ("alice", "bob", "carol")))
    room = await alice.room(bob, carol)
    done = asyncio.Event()

    async def write(person: Person, worker: int) -> None:
        number = 0
        while not done.is_set():
            await person.send(room, f"{person.username} {number}", worker=worker)
            number += 1

    async def come_and_go() -> list[int]:
        seqs: list[int] = []
        for visit in range(20):
            async with carol.socket(worker=visit) as socket:
                since = seqs[-1] if seqs else 0
                await socket.command("room.subscribe", room=room, since=since)
                seqs += [event["seq"] for event in await _some(socket)]
        done.set()
        return seqs

    seqs, *_ = await gather(come_and_go(), write(alice, 0), write(bob, 1))
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) > 200


async def _some(socket: Socket) -> list[dict]:
    """A few missed and a few live ones."""
    return await socket.events(secrets.randbelow(20) + 5)
