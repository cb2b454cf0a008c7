"""Frames that were built once for all sockets: the close is the last one, and those before it are whole."""

import asyncio
import json

import pytest
from websockets.frames import Opcode

from tests.raw import RawSocket, framed
from tests.ready_frames.busy import busy
from tests.tokens import expire


def frames_of(data: bytes) -> list[tuple[int, bytes]]:
    """A server's frames, read without a library that would stop at the first close: first byte and payload."""
    frames = []
    while data:
        first, size, head = data[0], data[1], 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(data[2:head], "big")
        assert len(data) >= head + size, "the last frame is whole"
        frames.append((first, data[head : head + size]))
        data = data[head + size :]
    return frames


async def ending(client: RawSocket) -> tuple[list[dict], int]:
    """What is left to read: the texts, and the code of the close, which is the last frame. (The parser has some.)"""
    data = bytes(client.protocol.reader.buffer) + await client.rest()
    *rest, (last, payload) = frames_of(data)
    assert last == 0x88, "the close is the last frame"
    assert {first for first, _ in rest} <= {0x81}
    texts = [bytes(frame.data) for frame in client.frames] + [text for _, text in rest]
    return [json.loads(text) for text in texts], int.from_bytes(payload[:2], "big")


def is_whole(events: list[dict], first: int) -> bool:
    return [event["seq"] for event in events] == list(range(first, first + len(events)))


async def test_nothing_follows_once_the_client_has_closed(site, join):
    alice = await site.newcomer("alice")
    room = await alice.room()
    for _ in range(10):
        client = await join(alice, room)
        async with busy(alice, room):
            first = json.loads(await client.text())["seq"]
            await client.send((1000).to_bytes(2, "big"), Opcode.CLOSE)
            events, code = await ending(client)
        assert is_whole(events, first + 1)
        assert code == 1000


async def test_who_closes_while_commands_are_carried_out_disturbs_nobody(site, join):
    """Events come for a socket that is no more, before its consumer has time to notice."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    read = framed(json.dumps({"type": "room.read", "room": room, "seq": 0}))
    close = framed((1000).to_bytes(2, "big"), Opcode.CLOSE)
    async with busy(alice, room):
        for _ in range(10):
            hasty = [await join(alice, room) for _ in range(3)]
            witness = await join(alice, room)
            first = json.loads(await witness.text())["seq"]
            for client in hasty:
                await client.write(read * 20 + close)
            events = [json.loads(text) for text in await witness.texts(20)]
            assert is_whole(events, first + 1)
            for client in hasty:
                heard, code = await ending(client)
                assert is_whole(heard, heard[0]["seq"])
                assert code == 1000


CLOSING = {
    4400: framed("nonsense") * 10,
    1003: framed(b"x", Opcode.BINARY),
    1009: framed("x" * 70_000),
    1007: framed(b'{"\xff"}'),
}


@pytest.mark.parametrize("code", CLOSING)
async def test_nothing_follows_once_the_server_has_closed(site, join, code):
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await join(alice, room)
    async with busy(alice, room):
        await client.text()
        await client.write(CLOSING[code])
        _, closed = await ending(client)
    assert closed == code


async def test_nothing_follows_once_the_token_has_expired(site, join, database):
    alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
    room = await alice.room(bob)
    await asyncio.to_thread(expire, database, bob, 6)
    client = await join(bob, room)
    async with busy(alice, room):
        frames, code = await ending(client)
    events = [frame for frame in frames if "seq" in frame]
    assert is_whole(events, events[0]["seq"])
    assert [frame["type"] for frame in frames if "seq" not in frame] == ["token.expiring"]
    assert code == 4401
