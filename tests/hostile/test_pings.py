"""A flood of pings ends the connection that it comes from; moderate pinging is answered."""

import asyncio
import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Opcode

from realtime.server import websocket as limits
from tests.client import DEADLINE, Site, Socket
from tests.hostile.live import on_services
from tests.hostile.watch import OUTBOX_MB, SLACK_SECONDS, Memory, gone, numbered
from tests.raw import RawSocket, framed, pour
from tests.servers import Server


@pytest.fixture
def variables(database):
    return on_services(database) | {"ROOMWIRE_RATE_LIMITS": "on"}


async def flood(client: RawSocket, frames: int, data: bytes = b"x" * 125) -> None:
    """Pings, and no pong is read."""
    with contextlib.suppress(ConnectionError):
        await pour(client, framed(data, Opcode.PING) * 1_000, frames // 1_000)


async def test_a_flood_of_pings_ends_the_connection_that_it_comes_from_and_no_other(server, site, stall, gather):
    alice = await site.newcomer("alice")
    floods = [await stall(server, alice) for _ in range(10)]
    over = asyncio.Event()

    async def ask(socket: Socket) -> None:
        while not over.is_set():
            async with asyncio.timeout(DEADLINE):
                await (await socket.connection.ping())
            await socket.connection.send('{"type":"ping"}')
            assert await socket.frame() == {"type": "pong"}
            await asyncio.sleep(0.5)

    async def drown() -> None:
        await gather(*(flood(client, 50_000) for client in floods))
        await gone(server, numbered(floods), limits._SKIPPED_SECONDS + SLACK_SECONDS)
        over.set()

    async with alice.socket() as neighbour:
        memory = Memory(server)
        await gather(drown(), ask(neighbour))
    assert memory.growth < len(floods) * OUTBOX_MB + 16


async def test_a_flood_of_pings_is_logged_once(server, site, stall):
    """As many lines as pings would be the flood's second victim."""
    alice = await site.newcomer("alice")
    client = await stall(server, alice)
    await flood(client, 50_000, b"")
    await gone(server, {"it": client})
    assert server.log.read_text().count("pings in") == 1


async def test_where_no_rate_is_limited_unread_pongs_cost_bounded_memory(folder, variables, stall):
    with Server(folder / "unlimited.log", **(variables | {"ROOMWIRE_RATE_LIMITS": "off"})) as server:
        async with Site([server.url]).open() as site:
            client = await stall(server, await site.newcomer("alice"))
            memory = Memory(server)
            await flood(client, 200_000)
            assert memory.growth < OUTBOX_MB + 16


async def test_moderate_pinging_is_never_punished(server, site, dial, gather):
    """Longer than the server counts for."""
    alice = await site.newcomer("alice")
    seconds = int(limits._PINGS_SECONDS) + 2

    async def once_a_second() -> None:
        client = await dial(server)
        await client.upgrade(f"?token={alice.token}")
        await client.text()
        for number in range(seconds):
            await client.send(f"{number}", Opcode.PING)
            pong = await client.frame()
            assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, f"{number}".encode())
            await asyncio.sleep(1)

    async def keepalive() -> None:
        url = f"{site.ws()}/ws/?token={alice.token}"
        async with connect(url, ping_interval=0.3, ping_timeout=DEADLINE) as connection:
            await asyncio.sleep(seconds)
            await connection.send('{"type":"ping"}')
            socket = Socket(connection)
            assert await socket.wait_for(lambda frame: frame["type"] == "pong")
            assert connection.latency > 0

    await gather(once_a_second(), keepalive())


async def test_as_many_pings_at_once_as_are_allowed_are_all_answered(server, site, dial):
    alice = await site.newcomer("alice")
    client = await dial(server)
    await client.upgrade(f"?token={alice.token}")
    await client.text()
    pings = [f"{number}".encode() for number in range(limits._PINGS)]
    await client.write(b"".join(framed(ping, Opcode.PING) for ping in pings))
    pongs = [await client.frame() for _ in pings]
    assert [(pong.opcode, bytes(pong.data)) for pong in pongs] == [(Opcode.PONG, ping) for ping in pings]


@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_a_message_in_pieces_with_pings_and_pongs_between_them_is_understood(server, site, dial, size):
    """Cut anywhere, in the middle of a character too."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await dial(server)
    await client.upgrade(f"?token={alice.token}")
    await client.text()
    body = "añ你😀 " * 40
    command = {"type": "message.send", "id": 0, "room": room, "body": body}
    text = json.dumps(command, ensure_ascii=False).encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    pings = 0
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONT if number else Opcode.TEXT
        await client.send(piece, opcode, fin=number == len(pieces) - 1)
        await client.send(b"unasked", Opcode.PONG)
        if number % (len(pieces) // 30 + 1) == 0:
            await client.send(b"ping", Opcode.PING)
            pings += 1
    frames = [await client.frame() for _ in range(pings + 1)]
    (reply,) = [json.loads(frame.data) for frame in frames if frame.opcode is Opcode.TEXT]
    assert reply["data"]["body"] == body
    assert [frame.data for frame in frames if frame.opcode is Opcode.PONG] == [b"ping"] * pings
