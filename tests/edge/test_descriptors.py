"""A process opens as many files as its hard limit allows; at that limit it says so, and serves on."""

import asyncio
import contextlib
import resource
import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.client import DEADLINE, Site, until
from tests.deploy.running import on_linux
from tests.hostile.watch import held
from tests.servers import Server

LIMIT = 256


async def health(server: Server) -> httpx.Response:
    """By a connection of its own."""
    async with httpx.AsyncClient(timeout=DEADLINE) as http:
        return await http.get(f"{server.url}/healthz")


async def serves(server: Server) -> None:
    """Wait for the end of a burst, of which each connection takes the place of one before it."""
    async with asyncio.timeout(DEADLINE):
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await health(server)).status_code == 200:
                    return
            await asyncio.sleep(0.1)


@pytest.fixture
def limited(folder, variables):
    """A function that starts a server with these limits, soft and hard."""

    def start(soft: int, hard: int) -> Server:
        return Server(folder / f"limited-{soft}-{hard}.log", f"tests.edge.limited {soft} {hard}", **variables)

    return start


@pytest.fixture
def hog():
    """A function that opens idle connections."""
    with contextlib.ExitStack() as stack:

        def connect(server: Server, count: int) -> None:
            for _ in range(count):
                stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))

        yield connect


@on_linux
def test_the_soft_limit_is_raised_to_the_hard_one(limited):
    with limited(LIMIT, 1_000) as server:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (1_000, 1_000)


@on_linux
async def test_connections_without_a_request_make_room(limited, hog):
    with limited(LIMIT, LIMIT) as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")
            async with alice.socket() as before:
                hog(server, 2 * LIMIT)
                await until(lambda: "Too many open files" in server.log.read_text())
                await serves(server)
                room = await alice.room()
                async with alice.socket() as after:
                    for each in (before, after):
                        await each.command("room.subscribe", room=room)
        lines = [line for line in server.log.read_text().splitlines() if " ERROR " in line]
    assert len(lines) < 10, "not one for each"
    assert f"The limit is {LIMIT}" in lines[0]


@on_linux
async def test_where_sockets_take_all_a_connection_is_refused_until_one_leaves(limited):
    with limited(LIMIT, LIMIT) as server:
        async with Site([server.url]).open() as site, contextlib.AsyncExitStack() as stack:
            alice = await site.newcomer("alice")
            with contextlib.suppress(InvalidStatus):
                for _ in range(LIMIT):
                    await stack.enter_async_context(alice.socket())
            refused = await health(server)
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            before = len(held(server))
            assert before > LIMIT // 2
            await stack.aclose()
            await until(lambda: len(held(server)) < before // 2)
            await serves(server)
    assert "Too many open files" in server.log.read_text()
