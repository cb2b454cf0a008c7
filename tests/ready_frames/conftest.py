"""A server whose frames are read by clients that see each of them."""

import asyncio
import contextlib
import json
import os
import secrets
import socket

import pytest

from tests.client import Person, Site
from tests.raw import RawSocket
from tests.servers import Server


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture(scope="module")
def server(folder, database):
    variables = {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "LOG_LEVEL": "INFO",
    }
    with Server(folder / f"ready-frames-{secrets.token_hex(4)}.log", **variables) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened


@pytest.fixture
def join(server):
    """Opens sockets of somebody's, welcomed and, in a room, subscribed."""
    with contextlib.ExitStack() as stack:

        async def joined(person: Person, room: str | None = None) -> RawSocket:
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
            client = RawSocket(sock)
            await client.upgrade(f"?token={person.token}")
            assert json.loads(await client.text())["type"] == "welcome"
            if room is not None:
                await client.command("room.subscribe", room=room)
            return client

        yield joined
