"""A client that leaves in the middle of its handshake is no error: at any moment, with a reset or without."""

import asyncio
import json
import socket
import struct

import pytest

from tests.client import DEADLINE
from tests.raw import framed
from tests.servers import OTHERS, Server

RESET = struct.pack("ii", 1, 0)
HEAD = "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"


def handshake(path: str, headers: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\n{HEAD}{KEY}{headers}\r\n".encode()


def authenticate(token: str) -> bytes:
    return framed(json.dumps({"type": "authenticate", "id": 1, "token": token}))


# What a client has sent when it leaves, and whether it waited for the 101 before the last of it.
MOMENTS = {
    "looked up without a token": lambda token, room: [handshake("/ws/")],
    "looked up with a token": lambda token, room: [handshake(f"/ws/?token={token}")],
    "refused for its token": lambda token, room: [handshake("/ws/?token=rwa_nonsense")],
    "refused for its origin": lambda token, room: [handshake("/ws/", "Origin: https://evil.example\r\n")],
    "refused for its address": lambda token, room: [handshake(f"/ws/nowhere/?token={token}")],
    "subscribed by its address": lambda token, room: [handshake(f"/ws/rooms/{room}/?token={token}&since=0")],
    "authenticated": lambda token, room: [handshake("/ws/"), authenticate(token)],
    "refused by authenticate": lambda token, room: [handshake("/ws/"), authenticate("rwa_nonsense")],
    "before it authenticated": lambda token, room: [handshake("/ws/"), framed('{"type":"ping","id":1}')],
    "subscribed": lambda token, room: [
        handshake(f"/ws/?token={token}"),
        framed(json.dumps({"type": "room.subscribe", "id": 1, "room": room, "since": 0, "presence": True})),
    ],
}
ROUNDS = 20


@pytest.fixture(scope="module", params=["config.serve", *OTHERS])
def server(request, folder, variables):
    command = OTHERS.get(request.param, request.param)
    with Server(folder / f"leaving-{request.param}.log", command, **variables) as server:
        yield server


@pytest.mark.parametrize("moment", MOMENTS)
async def test_no_line_says_that_anything_failed(server, site, dial, moment):
    alice = await site.newcomer("alice")
    room = await alice.room()
    for number in range(ROUNDS):
        client = await dial(server)
        first, *then = MOMENTS[moment](alice.token, room)
        await client.write(first)
        if then:
            assert (await client.response()).status == 101
            await client.write(then[0])
        await asyncio.sleep(number / 2_000)
        if number % 2:
            client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        client.sock.close()
    async with alice.socket() as socket_, asyncio.timeout(DEADLINE):
        await socket_.command("room.subscribe", room=room)  # what was asked before it is over
    assert not [line for line in server.log.read_text().splitlines() if " ERROR " in line or "Traceback" in line]
