"""A server of its own for each test, on PostgreSQL and Valkey, and clients that stall."""

import asyncio
import contextlib
import json
import os
import secrets
import socket

import pytest

from tests.client import DEADLINE, Person, Site
from tests.raw import RawSocket
from tests.servers import Server

# The misbehaving client


@pytest.fixture
def dial():
    """Opens connections of a kind, with a small window if they are to stall."""
    with contextlib.ExitStack() as stack:

        async def opened(server: Server, kind: type = RawSocket, window: int | None = None):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            if window is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            async with asyncio.timeout(DEADLINE):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
            return kind(sock)

        yield opened


@pytest.fixture
def stall(dial):
    """Opens a socket that has read its welcome and, in a room, the answer to its subscription, and reads no more."""

    async def stalled(server: Server, person: Person, room: str | None = None) -> RawSocket:
        client = await dial(server, window=4_096)
        await client.upgrade(f"?token={person.token}")
        assert json.loads(await client.text())["type"] == "welcome"
        if room is not None:
            await client.command("room.subscribe", room=room)
        return client

    return stalled


# The server


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture
def variables(database):
    prefix = secrets.token_hex(4)
    # Not DEBUG: uvicorn and websockets would log every frame.
    return {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": prefix,
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture
def server(folder, variables):
    """A fresh one for each test: what the one before left in its memory would hide what this one takes."""
    with Server(folder / f"hostile-{secrets.token_hex(4)}.log", **variables) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened
