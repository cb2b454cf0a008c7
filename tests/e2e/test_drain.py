"""A worker that is told to stop sends its clients away one by one, and loses nothing that it acknowledged."""

import asyncio
import os
import signal
import time

import pytest
from websockets.exceptions import ConnectionClosed

from tests.client import DEADLINE, Person, Site, Socket
from tests.servers import Server

CLIENTS = 60


@pytest.fixture(params=["1", "2"], ids=lambda workers: f"{workers}-workers")
def variables(request, postgres_database):
    prefix = f"drain{request.param}"
    return {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": prefix,
        "WORKERS": request.param,
    }


async def test_everybody_is_told_when_to_come_back_and_is_closed_1012(folder, variables, gather):
    together = asyncio.Barrier(CLIENTS + 2)

    async def listen(person: Person, room: str) -> tuple[dict, float]:
        """The goodbye, and when the socket was closed."""
        async with person.socket(path=f"/ws/rooms/{room}/") as socket:
            await together.wait()
            goodbye = await socket.wait_for(lambda frame: frame["type"] == "goodbye")
            assert await socket.closed() == 1012
            assert socket.connection.close_reason == "restarting"
            return goodbye, time.monotonic()

    async def write(person: Person, room: str) -> list[str]:
        """What was acknowledged, to the end."""
        async with person.socket() as socket:
            await together.wait()
            return await _acknowledged(socket, room)

    async def stop(server: Server) -> float:
        await together.wait()
        stopped = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        return stopped

    with Server(folder / "draining.log", **variables) as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")
            room = await alice.room()
            listening = [listen(alice, room) for _ in range(CLIENTS)]
            *partings, acknowledged, stopped = await gather(*listening, write(alice, room), stop(server))
        assert server.process.wait(30) in (0, -signal.SIGTERM)

    assert {goodbye["reason"] for goodbye, _ in partings} == {"restarting"}
    assert len({goodbye["reconnect_after_ms"] for goodbye, _ in partings}) > CLIENTS // 4, "each has its own moment"
    # A client that is slow to read hears of it later, never sooner.
    assert all(closed - stopped >= goodbye["reconnect_after_ms"] / 1_000 - 0.01 for goodbye, closed in partings)
    with Server(folder / "drained.log", **variables) as server:
        async with Site([server.url]).open() as site:
            stored = [event["data"]["body"] for event in await _log(Person(site, alice.login), room)]
    assert acknowledged
    assert set(acknowledged) <= set(stored)


async def _acknowledged(socket: Socket, room: str) -> list[str]:
    bodies: list[str] = []
    try:
        while True:
            bodies.append((await socket.command("message.send", room=room, body=str(len(bodies))))["body"])
    except ConnectionClosed:
        assert await socket.closed() == 1012
        return bodies


async def _log(person: Person, room: str) -> list[dict]:
    events: list[dict] = []
    while page := (await person.call("GET", f"rooms/{room}/events/?after_seq={len(events)}&limit=200"))["results"]:
        events += page
    return events


async def test_the_probe_fails_while_the_port_still_takes_everybody(folder, variables):
    """A balancer has to notice before the port closes, or it sends requests to a closed one."""
    announced = variables | {"DRAIN_ANNOUNCE_SECONDS": "600"}
    with Server(folder / "announcing.log", **announced) as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")

            async def readiness() -> int:
                return (await site.http().get(f"{server.url}/readyz")).status_code

            assert await readiness() == 200
            server.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(DEADLINE):
                while await readiness() != 503:  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.1)
            assert (await site.http().get(f"{server.url}/healthz")).status_code == 200
            room = await alice.room()
            async with alice.socket() as socket:
                await socket.command("room.subscribe", room=room)
                await alice.send(room, "heard")
                assert (await socket.event())["data"]["body"] == "heard"
            assert server.process.poll() is None


async def test_the_port_closes_when_that_time_is_over(folder, variables):
    with Server(folder / "announced.log", **variables, DRAIN_ANNOUNCE_SECONDS="2") as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")
            async with alice.socket() as socket:
                server.process.send_signal(signal.SIGTERM)
                assert (await socket.wait_for(lambda frame: frame["type"] == "goodbye"))["reason"] == "restarting"
                assert await socket.closed() == 1012
        assert await asyncio.to_thread(server.process.wait, 30) in (0, -signal.SIGTERM)
    assert "Not ready for 2 s, then the port closes" in server.log.read_text()
