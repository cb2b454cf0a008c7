"""However a client that reads nothing comes to its end, the server is soon rid of it."""

import asyncio
import contextlib
import json
import signal
import socket

from django.conf import settings
from websockets.frames import Frame, Opcode

from realtime.server import websocket as limits
from tests.hostile.watch import GONE_SECONDS, SLACK_SECONDS, gone, held
from tests.hostile.writing import FAT, write, writing
from tests.raw import Raw, RawSocket, framed
from tests.tokens import expire

# What a client that reads nothing does at last.
ENDS = {
    "stays": None,
    "is removed": None,
    "outstays its token": None,
    "closes": framed(b"\x03\xe8", Opcode.CLOSE),
    "sends no commands": framed("nonsense") * 10,
    "sends a binary frame": framed(b"x", Opcode.BINARY),
    "sends a frame too big": framed("x" * 70_000),
    "sends no frames": Frame(Opcode.TEXT, b"unmasked").serialize(mask=False),
    "asks and asks": framed('{"type":"room.unsubscribe","id":"x","room":"%s"}' % ("x" * 36)) * 2_000,
}
LEVELS = {"a little": 15, "too much": 80}


async def test_whatever_ends_a_client_that_reads_nothing_its_connection_is_freed(
    server, site, database, dial, stall, gather
):
    alice, removed, expiring = await gather(*(site.newcomer(name) for name in ("alice", "removed", "expiring")))
    rooms = {level: await alice.room(removed, expiring) for level in LEVELS}
    people = dict.fromkeys(ENDS, alice) | {"is removed": removed, "outstays its token": expiring}
    await asyncio.to_thread(expire, database, expiring, GONE_SECONDS / 3)
    clients: dict[tuple[str, str], RawSocket] = {
        (level, end): await stall(server, people[end], rooms[level]) for level in LEVELS for end in ENDS
    }
    halves = [await stall(server, alice, rooms[level]) for level in LEVELS]
    stranger = await dial(server, window=4_096)
    await stranger.upgrade()

    for level, count in LEVELS.items():
        async with writing(alice, rooms[level]) as writer:
            await write(writer, rooms[level], count, **FAT)
        await alice.call("DELETE", f"rooms/{rooms[level]}/members/{removed.id}/")
    assert {client.port for client in [*clients.values(), *halves]} <= held(server), "else nobody stalls"
    for client in halves:
        client.sock.shutdown(socket.SHUT_WR)
    for (_, end), client in clients.items():
        with contextlib.suppress(ConnectionError, TimeoutError):
            await client.write(ENDS[end] or b"")

    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(5):
            await stranger.write(framed(json.dumps({"type": "ping", "id": "x" * 128})) * 20_000)

    named: dict[str, Raw] = {"never said who it was": stranger}
    named |= {f"{level} unread, {end}": client for (level, end), client in clients.items()}
    named |= {f"{level} unread, says no more": client for level, client in zip(LEVELS, halves, strict=True)}
    await gone(server, named, GONE_SECONDS + SLACK_SECONDS)


async def test_who_reads_too_little_is_closed_though_its_connection_lives(server, site, database, stall, gather):
    """The kernel sees a client that takes something now and then; how much that is only the outbox knows."""
    alice, expiring = await site.newcomer("alice"), await site.newcomer("expiring")
    rooms = {level: await alice.room(expiring) for level in LEVELS}
    patience = settings.REALTIME_STALLED_SECONDS
    await asyncio.to_thread(expire, database, expiring, patience)
    clients = {
        "too much unread": await stall(server, alice, rooms["too much"]),
        "closes, too much unread": await stall(server, alice, rooms["too much"]),
        "closes, a little unread": await stall(server, alice, rooms["a little"]),
        "outstays its token, a little unread": await stall(server, expiring, rooms["a little"]),
    }
    over = asyncio.Event()

    async def sip(client: RawSocket) -> None:
        with contextlib.suppress(ConnectionError):
            while not over.is_set() and await client.some(GONE_SECONDS, most=2_000):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), 0.5)

    async def say() -> None:
        for level, count in LEVELS.items():
            async with writing(alice, rooms[level]) as writer:
                await write(writer, rooms[level], count, **FAT)
        for name, client in clients.items():
            await client.write(ENDS["closes"] if name.startswith("closes") else b"")
        await gone(server, clients, patience + limits._PARTING_SECONDS + SLACK_SECONDS)
        over.set()

    await gather(say(), *(sip(client) for client in clients.values()))


async def test_a_server_that_is_told_to_stop_waits_for_no_client_that_reads_nothing(server, site, stall, gather):
    alice = await site.newcomer("alice")
    room = await alice.room()
    await gather(*(stall(server, alice, room) for _ in range(20)))
    async with writing(alice, room) as writer:
        await write(writer, room, 80, **FAT)
        server.process.send_signal(signal.SIGTERM)
        assert await writer.closed() == 1012
    assert await asyncio.to_thread(server.process.wait, 30) in (0, -signal.SIGTERM)
