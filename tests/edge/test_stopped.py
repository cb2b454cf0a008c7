"""A server process that was stopped reads what clients sent meanwhile before its deadlines close them."""

import asyncio
import json
import signal

import pytest
from websockets.frames import Opcode

from realtime.server import http as limits
from tests.hostile.live import enter
from tests.hostile.requests import GET
from tests.raw import Raw


@pytest.fixture(scope="module")
def variables(variables):
    return variables | {"DJANGO_SETTINGS_MODULE": "tests.edge.short_heartbeat"}


async def pinged(client) -> bytes:
    while (frame := await client.frame()).opcode is not Opcode.PING:
        pass
    return bytes(frame.data)


async def test_clients_that_wrote_in_time_are_kept(site, server, dial):
    """Each has a deadline that ends while the process is stopped: for a request, a pong, and a first frame."""
    alice = await site.newcomer("alice")
    requesting = await dial(server, Raw)
    await requesting.write(GET)
    connected, arriving = await dial(server), await dial(server)
    await enter(connected, alice)
    await arriving.upgrade()
    payload = await pinged(connected)
    server.process.send_signal(signal.SIGSTOP)
    try:
        await requesting.write(b"\r\n")
        await connected.send(payload, Opcode.PONG)
        await arriving.send(json.dumps({"type": "authenticate", "token": alice.token}))
        await asyncio.sleep(limits._HEADERS_SECONDS + 1)  # the longest of the deadlines, all of which end meanwhile
    finally:
        server.process.send_signal(signal.SIGCONT)
    assert (await requesting.response()).status == 200
    assert json.loads(await arriving.text())["type"] == "welcome"
    await connected.send(json.dumps({"type": "ping", "id": 1}))
    assert json.loads(await connected.text())["type"] == "pong"
