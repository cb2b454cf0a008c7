"""Clients at fault: what they sent before it counts, and they get a close code that says what the fault was."""

import asyncio
import contextlib
import socket
import struct

import pytest
from websockets.frames import Frame, Opcode

from realtime.server import websocket as limits
from tests.edge.wire import closing, text_frames
from tests.hostile.live import enter
from tests.hostile.watch import SLACK_SECONDS, Memory
from tests.raw import RawSocket, framed, pour

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'
CLOSE = framed(struct.pack("!H", 1000), Opcode.CLOSE)
FRAME_MAX = 65_536


def masked(first: int, data: bytes = b"") -> bytes:
    """A frame with any first byte, masked with zeros."""
    return bytes((first, 0x80 | len(data))) + bytes(4) + data


FAULTS = {
    "a reserved bit": (masked(0xC1, b"x"), 1002),
    "a reserved opcode": (masked(0x83), 1002),
    "a continuation of nothing": (masked(0x80, b"x"), 1002),
    "a message within a message": (masked(0x01, b"x") + masked(0x81, b"x"), 1002),
    "a ping in fragments": (masked(0x09), 1002),
    "no mask": (Frame(Opcode.TEXT, b"x").serialize(mask=False), 1002),
    "text that is not UTF-8": (masked(0x81, b"\xff"), 1007),
    "half a character": (masked(0x81, "ä".encode()[:1]), 1007),
    "a frame too big": (framed("x" * (FRAME_MAX + 1)), 1009),
    "a message too big in fragments": (framed("x" * 60_000, fin=False) + framed("x" * 6_000, Opcode.CONT), 1009),
    "a size beyond all": (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + bytes(4), 1009),
    "a binary frame": (masked(0x82, b"x"), 1003),
}


@pytest.fixture
async def join(server, site, dial):
    """A function that opens a socket, with the options of its TCP socket, and reads the welcome."""

    async def joined(**options: int) -> RawSocket:
        client = await dial(server)
        for name, value in options.items():
            client.sock.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        return await enter(client, await site.newcomer("alice"))

    return joined


@pytest.fixture
async def client(join):
    return await join()


@pytest.mark.parametrize("name", FAULTS)
async def test_what_came_before_a_fault_is_answered_before_the_close(client, name):
    """All of it in one segment."""
    fault, code = FAULTS[name]
    await client.write(framed(PING) * 3 + fault + framed(PING))
    frames = await client.frames_to_close()
    assert text_frames(frames) == [PONG] * 3
    assert closing(frames)[0] == code
    assert closing(frames)[1], "the reason says what the fault was"


async def test_a_close_between_fragments_is_no_fault(client):
    await client.write(framed("x", fin=False) + CLOSE)
    assert closing(await client.frames_to_close())[0] == 1000


@pytest.mark.parametrize("size", [1, 64, 1_000])
async def test_a_message_of_the_greatest_size_in_fragments(client, size):
    text = '{"type":"ping","pad":"%s"}' % ("x" * (FRAME_MAX - 24))
    assert len(text) == FRAME_MAX
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    last = len(parts) - 1
    opcodes = [Opcode.TEXT] + [Opcode.CONT] * last
    await client.write(b"".join(framed(part, opcodes[n], fin=n == last) for n, part in enumerate(parts)))
    assert await client.text() == PONG


@pytest.mark.parametrize("fragment", ["", "x"], ids=["empty", "of one byte"])
async def test_a_flood_of_fragments_gets_a_close_code(server, client, fragment):
    memory = Memory(server)
    await client.send('{"type":"ping"', fin=False)
    with contextlib.suppress(ConnectionError):
        await pour(client, framed(fragment, Opcode.CONT, fin=False) * 1_000, 200)
    assert closing(await client.frames_to_close())[0] == 1009
    assert memory.growth < 16


async def give_up_a_message_that_never_ends(client: RawSocket) -> None:
    """Its client sends pongs and all else that a live client sends."""
    await client.send('{"type":', fin=False)
    frames = asyncio.create_task(client.frames_to_close(limits._FRAGMENTS_SECONDS + SLACK_SECONDS))
    async with asyncio.timeout(limits._FRAGMENTS_SECONDS + SLACK_SECONDS):
        while not frames.done():
            await client.send("", Opcode.CONT, fin=False)
            await client.send("alive", Opcode.PONG)
            await asyncio.wait([frames], timeout=1)
    assert closing(await frames)[0] == 4408


async def carry_out_message_after_message(client: RawSocket) -> None:
    """There is one that has not ended at any time, and no two times the same."""
    await client.send('{"type":', fin=False)
    async with asyncio.timeout(limits._FRAGMENTS_SECONDS + SLACK_SECONDS):
        for _ in range(int(limits._FRAGMENTS_SECONDS) + 2):
            await client.write(framed('"ping"}', Opcode.CONT) + framed('{"type":', fin=False))
            assert await client.text() == PONG
            await asyncio.sleep(1)


async def give_up_a_client_that_never_closes(client: RawSocket) -> None:
    await client.write(framed("x" * 100_000))
    assert closing(await client.frames_to_close())[0] == 1009
    await client.rest(limits._SKIPPED_SECONDS + SLACK_SECONDS)


async def test_the_bounds_of_time(join, gather):
    await gather(
        give_up_a_message_that_never_ends(await join()),
        carry_out_message_after_message(await join()),
        give_up_a_client_that_never_closes(await join()),
    )


# A frame far over the limit


async def test_a_client_that_writes_before_it_reads_gets_its_1009(join):
    """Closed with data unread, the connection would be reset, and the close frame lost."""
    narrow = await join(SO_SNDBUF=4_096)  # so that its writes wait for the server's reading
    await narrow.write(framed("x" * 2_000_000) + framed(PING) * 10)
    frames = await narrow.frames_to_close()
    assert closing(frames) == (1009, f"frame with 2000000 bytes exceeds limit of {FRAME_MAX} bytes")
    assert text_frames(frames) == []
    await narrow.write(CLOSE)
    assert await narrow.some() == b"", "the server closes when it has the client's close, and resets nothing"


async def test_what_is_skipped_has_bounds(client):
    await client.write(FAULTS["a size beyond all"][0])
    with pytest.raises(ConnectionError):
        await pour(client, bytes(1_000_000), 100)
