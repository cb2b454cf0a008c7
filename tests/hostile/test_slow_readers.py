"""Who stops reading or reads slowly misses nothing or is closed, and costs nobody else anything."""

import asyncio
import contextlib
import json

import pytest

from tests.client import Socket
from tests.hostile.watch import OUTBOX_MB, Memory, gone, numbered
from tests.hostile.writing import FAT, heard, log, write, writing


async def test_who_stops_reading_is_closed_and_the_others_hear_everything(server, site, stall, gather):
    alice = await site.newcomer("alice")
    room = await alice.room()
    stalled = await gather(*(stall(server, alice, room) for _ in range(40)))
    rid = asyncio.Event()
    known: dict[str, str] = {}

    async def speak(socket: Socket) -> int:
        count = 0
        while not rid.is_set():
            await socket.command("message.send", room=room, **FAT)
            count += 1
            await asyncio.sleep(0.05)
        await socket.command("message.send", room=room, body="last")
        return count + 1

    async def listen(socket: Socket) -> list[str]:
        texts: list[str] = []
        while not texts or '"body":"last"' not in texts[-1][:1_000]:
            text = await heard(socket)
            texts.append(known.setdefault(text, text))  # a hundred copies would be gigabytes
        return texts

    async def watch() -> None:
        try:
            await gone(server, numbered(stalled))
        finally:
            rid.set()

    async with contextlib.AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(writing(alice, room)) for _ in range(100)]
        speaker = await stack.enter_async_context(alice.socket())
        memory = Memory(server)
        count, _, *heards = await gather(speak(speaker), watch(), *(listen(reader) for reader in readers))
        assert memory.growth < 40 * OUTBOX_MB + 64
        assert [json.loads(text) for text in heards[0]] == await log(alice, room, count)
        assert all(texts == heards[0] for texts in heards)
        for reader in readers:
            await reader.connection.send('{"type":"ping"}')
            assert await reader.frame() == {"type": "pong"}


@pytest.mark.parametrize("count", [50, 70, 300], ids=lambda count: f"after {count}")
async def test_who_reads_on_in_time_hears_everything_once(server, site, stall, count):
    """The outbox and the kernel take 40 or so; a few more are in the ring, and many more only in the log."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    async with writing(alice, room) as writer:
        events = await write(writer, room, count, **FAT)
        slow.read_on()
        assert await slow.texts(count) == events
        events = await write(writer, room, 3)
        assert await slow.texts(3) == events


async def test_who_stalls_again_and_again_hears_everything_once(server, site, stall):
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    slow.read_on()
    async with writing(alice, room) as writer:
        for _ in range(5):
            events = await write(writer, room, 100, **FAT)
            assert await slow.texts(100) == events


async def test_who_falls_thousands_of_events_behind_hears_everything_once(server, site, stall, gather):
    """It takes a little all the time, lest the machine be slower than the server is patient."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    slow.read_on()
    count, taken = 6_000, bytearray()
    written = asyncio.Event()

    async def take_a_little() -> None:
        while not written.is_set():
            for _ in range(10):
                taken.extend(await slow.some(most=10_000))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), 0.5)

    async def speak(writer: Socket) -> list[str]:
        events: list[str] = []
        while len(events) < count:
            events += await write(writer, room, 500, data={"x": "x" * 1_500})
        written.set()
        return events

    async with writing(alice, room) as writer:
        events, _ = await gather(speak(writer), take_a_little())
    behind = count - len(taken) // len(events[0])
    assert behind > 2_000
    slow.protocol.receive_data(bytes(taken))
    slow.frames = slow.protocol.events_received()
    assert await slow.texts(count) == events


async def test_readers_who_stall_over_an_old_log_cost_bounded_memory(server, site, stall, gather):
    """Each is brought up from far behind, as fast as it reads: not at all."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with writing(alice, room) as writer:
        for _ in range(6):
            await write(writer, room, 100, **FAT)
    clients = await gather(*(stall(server, alice) for _ in range(40)))
    memory = Memory(server)
    await gather(*(client.command("room.subscribe", room=room, since=0) for client in clients))
    await gone(server, numbered(clients))
    assert memory.growth < 40 * OUTBOX_MB + 128
