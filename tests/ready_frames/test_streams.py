"""Frames that were built once for all sockets, live: what is read is what the log says, in order."""

import asyncio
import json

import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Opcode

from tests.client import Person, Socket
from tests.raw import framed
from tests.ready_frames.busy import busy

# Where RFC 6455 changes how a length is written.
SIZES = [125, 126, 127, 65_535, 65_536]
# Shapes of messages that real clients send, and their events' lengths from 0.5 to 40 KB.
MESSAGES = [
    {"body": "x"},
    {"body": "ascii " * 600},
    {"body": "é你😀" * 1_300},
    {"body": "\u2028\x01\\\"'</" * 500},
    {"body": "x", "data": {"é": ["你", 1.5, None, {"😀": "\\"}]}},
    {"body": "x" * 4_000, "data": {"x": "x" * 16_000}},
    {"body": "😀" * 4_000, "data": {"x": "é" * 8_000}},
    {"body": "x", "client_ref": "ü" * 100},
]


# Byte for byte


async def polled(person: Person, room: str) -> str:
    """A room's first events as HTTP has them, unparsed."""
    response = await person.request("GET", f"rooms/{room}/events/?limit=200")
    assert response.status_code == 200
    return response.text


def wrapped(texts: list[str]) -> str:
    return '"results":[' + ",".join(texts) + "],"


async def test_live_events_are_byte_for_byte_those_that_are_polled(site, join):
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await join(alice, room)
    texts = []
    for message in MESSAGES:
        await alice.send(room, **message)
        texts.append(await client.text())
    assert wrapped(texts) in await polled(alice, room)


async def test_missed_events_are_byte_for_byte_those_that_are_polled(site, join):
    alice = await site.newcomer("alice")
    room = await alice.room()
    for message in MESSAGES:
        await alice.send(room, **message)
    client = await join(alice)
    await client.command("room.subscribe", room=room, since=0)
    assert wrapped(await client.texts(len(MESSAGES))) in await polled(alice, room)


@pytest.mark.parametrize("filling", ["x", "é", "你", "😀"])
async def test_an_event_of_any_length_arrives_whole(site, join, database, filling):
    """Lengths that no message has, nor could have: the log is told to say them."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    for _ in SIZES:
        await alice.send(room, "x")
    payloads = [event_of(size, room, seq, filling) for seq, size in enumerate(SIZES, 1)]
    await asyncio.to_thread(rewrite, database, room, payloads)
    client = await join(alice)
    await client.command("room.subscribe", room=room, since=0)
    assert await client.texts(len(SIZES)) == payloads
    assert wrapped(payloads) in await polled(alice, room)


def event_of(size: int, room: str, seq: int, filling: str) -> str:
    """An event's text, of exactly so many bytes."""
    empty = json.dumps({"type": "t", "room": room, "seq": seq, "at": "2026-11-22T23:10:31Z", "data": ""})
    empty = empty.replace(" ", "")
    times, left = divmod(size - len(empty), len(filling.encode()))
    text = f'{empty[:-2]}{filling * times}{"x" * left}"}}'
    assert len(text.encode()) == size
    return text


def rewrite(database: str, room: str, payloads: list[str]) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        for seq, payload in enumerate(payloads, 1):
            connection.execute(
                "UPDATE chat_event SET payload = %s WHERE room_id = %s AND seq = %s", (payload, room, seq)
            )


async def test_many_readers_read_the_same(site, join, gather):
    alice = await site.newcomer("alice")
    room = await alice.room()
    clients = [await join(alice, room) for _ in range(20)]
    for message in MESSAGES:
        await alice.send(room, **message)
    heards = await gather(*(client.texts(len(MESSAGES)) for client in clients))
    assert all(texts == heards[0] for texts in heards)


async def test_a_client_that_offers_compression_is_answered_without(site):
    alice = await site.newcomer("alice")
    room = await alice.room()
    url = f"{site.ws()}/ws/?token={alice.token}"
    async with connect(url, compression=None, extensions=[ClientPerMessageDeflateFactory()]) as connection:
        assert "permessage-deflate" in connection.request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in connection.response.headers
        client = Socket(connection)
        assert (await client.frame())["type"] == "welcome"
        await client.command("room.subscribe", room=room)
        for message in MESSAGES:
            sent = await alice.send(room, **message)
            assert (await client.event())["data"] == sent


# Beside other frames


async def test_replies_and_missed_events_keep_their_order(site, join):
    """All in one packet, for a room that the server has at hand: each answer comes where it was asked for."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    witness = await join(alice, room)
    for number in range(20):
        await alice.send(room, f"{number}")
    events = await witness.texts(20)
    client = await join(alice)
    pong = '{"type":"pong"}'
    subscribe = json.dumps({"type": "room.subscribe", "id": 1, "room": room, "since": 0})
    unsubscribe = json.dumps({"type": "room.unsubscribe", "id": 2, "room": room})
    commands = ['{"type":"ping"}', subscribe, '{"type":"ping"}', unsubscribe, subscribe, '{"type":"ping"}']
    await client.write(b"".join(framed(command) for command in commands))
    assert await client.text() == pong
    for last in (False, True):
        assert json.loads(await client.text())["data"]["from"] == 0
        assert await client.texts(20) == events
        assert await client.text() == pong
        if not last:
            assert json.loads(await client.text())["id"] == 2


async def test_replies_and_live_events_each_keep_their_order(site, join):
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await join(alice, room)
    count = 300
    commands = [{"type": "message.send", "id": number, "room": room, "body": f"{number}"} for number in range(count)]
    await client.write(b"".join(framed(json.dumps(command)) for command in commands))
    frames = [json.loads(text) for text in await client.texts(2 * count)]
    replies = [frame for frame in frames if frame["type"] == "reply"]
    events = [frame for frame in frames if frame["type"] == "message.created"]
    assert [(reply["id"], reply["data"]["seq"]) for reply in replies] == [(n, n + 1) for n in range(count)]
    assert [event["data"] for event in events] == [reply["data"] for reply in replies]


async def test_pings_in_the_middle_of_a_stream_get_their_pongs_and_the_stream_goes_on(site, join):
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await join(alice, room)
    pings = [f"ping {number}".encode() for number in range(40)]
    pongs: list[bytes] = []
    events: list[dict] = []
    async with busy(alice, room):
        for ping in pings:
            await client.send(ping, Opcode.PING)
            seen = len(events)
            while len(pongs) == 0 or pongs[-1] != ping or len(events) < seen + 3:
                frame = await client.frame()
                if frame.opcode is Opcode.PONG:
                    pongs.append(bytes(frame.data))
                elif frame.opcode is Opcode.TEXT:
                    events.append(json.loads(frame.data))
    assert pongs == pings
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
