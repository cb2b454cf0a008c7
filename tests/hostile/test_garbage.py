"""A connection that is over is freed by its last reference. A garbage collector would have to look for it among all
that are alive, and nobody is served meanwhile."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import struct
from collections import Counter

import pytest
from websockets.frames import Opcode

from tests.client import DEADLINE, until
from tests.hostile.live import enter, on_services
from tests.hostile.watch import gone, numbered
from tests.raw import RawSocket

SOCKETS = 30
CONNECTION = "realtime.server.websocket.WebSocket"
# What a connection is made of. (Django leaves some garbage of its own.)
OURS = ("realtime.", "uvicorn.", "uvloop.", "websockets.")
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def variables(database):
    return on_services(database) | {"DJANGO_SETTINGS_MODULE": "tests.hostile.counting_settings"}


class Garbage:
    def __init__(self, server) -> None:
        self._server, self._asked = server, 0

    def _told(self) -> list[str]:
        return re.findall(r"^counted: (.*)$", self._server.log.read_text(), re.MULTILINE)

    async def _ask(self) -> tuple[Counter[str], Counter[str]]:
        self._server.process.send_signal(signal.SIGUSR1)
        self._asked += 1
        await until(lambda: len(self._told()) == self._asked)
        there, garbage = json.loads(self._told()[-1])
        return Counter(there), Counter(garbage)

    async def count(self) -> Counter[str]:
        """Things by their kind, since the last count, when no connection is left."""
        total = Counter()
        async with asyncio.timeout(DEADLINE):
            while True:
                there, garbage = await self._ask()
                total += garbage
                if not there[CONNECTION]:
                    return total


async def say_goodbye(client: RawSocket) -> None:
    await client.send(struct.pack("!H", 1000), Opcode.CLOSE)


async def hang_up(client: RawSocket) -> None:
    client.sock.shutdown(socket.SHUT_RDWR)


async def reset(client: RawSocket) -> None:
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    client.sock.close()


async def be_closed(client: RawSocket) -> None:
    """For what the protocol has no room for."""
    await client.send(b"binary", Opcode.BINARY)
    while (await client.frame()).opcode is not Opcode.CLOSE:
        pass
    await say_goodbye(client)


async def be_malformed(client: RawSocket) -> None:
    await client.write(b"\xff" * 10)


ENDS = [say_goodbye, hang_up, reset, be_closed, be_malformed]


async def test_a_connection_leaves_no_garbage_however_it_ends(server, site, dial):
    alice = await site.newcomer("alice")
    room, garbage = await alice.room(), Garbage(server)

    async def come_and_go(end) -> None:
        clients = [await enter(await dial(server), alice, room) for _ in range(SOCKETS)]
        for client in clients:
            await client.send(json.dumps({"type": "message.send", "id": 1, "room": room, "body": "hello"}))
        ports = numbered(clients)
        for client in clients:
            with contextlib.suppress(ConnectionError):
                await end(client)
        await gone(server, ports)

    await come_and_go(say_goodbye)
    for end in ENDS:
        await garbage.count()
        await come_and_go(end)
        found = await garbage.count()
        assert not {kind: count for kind, count in found.items() if kind.startswith(OURS) and count >= SOCKETS}, end
