"""What the fixtures here and in tests/ready_frames are made of: a server's variables, and connections to it."""

import asyncio
import contextlib
import json
import os
import secrets
import socket

from tests.client import DEADLINE, Person
from tests.raw import RawSocket
from tests.servers import Server


def on_services(database: str) -> dict[str, str]:
    """The variables of a server on PostgreSQL and Valkey that shares no announcements with another."""
    # Not DEBUG: uvicorn and websockets would log every frame.
    return {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "LOG_LEVEL": "INFO",
    }


@contextlib.contextmanager
def dialling():
    """A function that opens connections of a kind, with a small window if they are to stall."""
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


async def enter(client: RawSocket, person: Person, room: str | None = None) -> RawSocket:
    """As the person, up to the welcome and, in a room, the answer to the subscription."""
    await client.upgrade(f"?token={person.token}")
    assert json.loads(await client.text())["type"] == "welcome"
    if room is not None:
        await client.command("room.subscribe", room=room)
    return client
