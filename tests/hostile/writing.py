"""Writing into a room, and hearing it."""

import asyncio
import contextlib
import json

from tests.client import DEADLINE, Person, Socket

# A room's fattest events, or nearly: 32 KB each.
FAT = {"body": "😀" * 4_000, "data": {"x": "x" * 16_000}}


async def write(socket: Socket, room: str, count: int, **message: object) -> list[str]:
    """Send without waiting for answers; the events as the writer, who must be subscribed, heard them."""
    for number in range(count):
        await socket.connection.send(json.dumps({"type": "message.send", "room": room, "body": str(number)} | message))
    return [await heard(socket) for _ in range(count)]


async def heard(socket: Socket) -> str:
    async with asyncio.timeout(DEADLINE):
        text = await socket.connection.recv()
    assert '"seq":' in text[:200]
    return text


@contextlib.asynccontextmanager
async def writing(person: Person, room: str):
    async with person.socket() as socket:
        await socket.command("room.subscribe", room=room)
        yield socket


async def log(person: Person, room: str, count: int) -> list[dict]:
    events: list[dict] = []
    while len(events) < count:
        page = await person.call("GET", f"rooms/{room}/events/?limit=50&after_seq={len(events)}")
        events += page["results"]
    return events
