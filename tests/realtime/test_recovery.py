"""Subscribing from a position: first what was missed, then what comes, with no seam to see."""

import asyncio
import json

from tests.client import Person, Socket


async def filled(person: Person, room: str, count: int) -> None:
    for number in range(count):
        await person.send(room, f"m{number}")


def seqs(events: list[dict]) -> list[int]:
    return [event["seq"] for event in events]


async def test_without_since_only_what_comes(site):
    alice = await site.person("alice")
    room = await alice.room()
    await filled(alice, room, 3)
    async with alice.socket() as socket:
        reply = await socket.command("room.subscribe", room=room)
        assert (reply["head"], reply["from"], reply["recovered"]) == (3, 3, True)
        await alice.send(room, "new")
        assert (await socket.event())["seq"] == 4


async def test_the_reply_comes_before_the_missed(site):
    alice = await site.person("alice")
    room = await alice.room()
    await filled(alice, room, 3)
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room, since=1)
        assert not socket.passed
        assert seqs(await socket.events(2)) == [2, 3]


async def test_a_since_beyond_the_head_or_of_another_epoch(site):
    alice = await site.person("alice")
    room = await alice.room()
    await filled(alice, room, 2)
    epoch = (await alice.call("GET", f"rooms/{room}/"))["epoch"]
    async with alice.socket() as socket:
        for position in ({"since": 3}, {"since": 1, "epoch": alice.id}, {"since": 99, "epoch": epoch}):
            reply = await socket.command("room.subscribe", room=room, **position)
            assert (reply["recovered"], reply["from"], reply["epoch"]) == (False, 2, epoch)
        reply = await socket.command("room.subscribe", room=room, since=2, epoch=epoch)
        assert (reply["recovered"], reply["from"]) == (True, 2)
        await alice.send(room, "new")
        assert (await socket.event())["seq"] == 3


async def test_a_gap_longer_than_any_page_or_ring(site):
    alice = await site.person("alice")
    room = await alice.room()
    count = 600
    async with alice.socket() as sender:
        for number in range(1, count + 1):
            await sender.connection.send(f'{{"type":"message.send","room":"{room}","body":"m{number}"}}')
            if number % 50 == 0:
                await sender.command("room.read", room=room, seq=number)
    async with alice.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room, since=0)
        await alice.send(room, "live")
        assert seqs(await socket.events(count + 1)) == list(range(1, count + 2))


async def test_many_rooms_at_once(site):
    alice, stranger = await site.person("alice"), await site.person("stranger")
    rooms = [await alice.room() for _ in range(3)]
    foreign = await stranger.room()
    for room in rooms:
        await filled(alice, room, 2)
    positions = {rooms[0]: {"since": 0}, rooms[1]: {"since": 1}, rooms[2]: {}, foreign: {"since": 0}}
    async with alice.socket() as socket:
        answers = (await socket.command("room.subscribe", rooms=positions))["rooms"]
        assert answers[foreign]["error"]["code"] == "not_found"
        assert [answers[room]["from"] for room in rooms] == [0, 1, 2]
        heard = await socket.events(3)
        assert seqs([event for event in heard if event["room"] == rooms[0]]) == [1, 2]
        assert seqs([event for event in heard if event["room"] == rooms[1]]) == [2]


async def test_subscribing_again_begins_again(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room)
        await filled(alice, room, 2)
        assert seqs(await socket.events(2)) == [1, 2]
        await socket.command("room.subscribe", room=room, since=0)
        assert seqs(await socket.events(2)) == [1, 2]
        await alice.send(room, "once")
        assert (await socket.event())["seq"] == 3
        await nothing_more(socket)


async def nothing_more(socket: Socket) -> None:
    """A pong is the next thing heard."""
    await socket.connection.send('{"type":"ping"}')
    assert await socket.frame() == {"type": "pong"}


async def test_unsubscribed_is_silent(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket, alice.socket(worker=1) as witness:
        await socket.command("room.subscribe", room=room)
        await witness.command("room.subscribe", room=room)
        await socket.command("room.unsubscribe", room=room)
        await alice.send(room, "unheard")
        await witness.event()
        await nothing_more(socket)


async def test_the_removed_hear_the_removal_and_nothing_after(site):
    """A member is removed while others write: no later event may reach any of their sockets, on any worker."""
    alice, bob, carol = [await site.person(name) for name in ("alice", "bob", "carol")]
    room = await alice.room(bob, carol)
    async with bob.socket() as first, bob.socket(worker=1) as second, carol.socket() as witness:
        for socket in (first, second, witness):
            await socket.command("room.subscribe", room=room, since=0)
        stop = asyncio.Event()

        async def write() -> None:
            while not stop.is_set():
                await alice.send(room, "x", worker=1)

        writing = asyncio.create_task(write())
        await witness.wait_for(lambda frame: frame.get("seq") == 20)
        await alice.call("DELETE", f"rooms/{room}/members/{bob.id}/")
        left = await witness.wait_for(lambda frame: frame["type"] == "member.left")
        await witness.wait_for(lambda frame: frame.get("seq", 0) > left["seq"] + 20)
        stop.set()
        await writing
        for socket in (first, second):
            removed = await socket.wait_for(lambda frame: frame["type"] == "room.removed")
            assert removed == {"type": "room.removed", "room": room, "reason": "removed"}
            assert seqs(list(socket.passed)) == list(range(1, left["seq"] + 1))
            socket.passed.clear()
            await nothing_more(socket)


async def test_who_left_and_returned_reads_over_their_own_departure(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(kind="public")
    await bob.call("POST", f"rooms/{room}/join/")
    await bob.call("POST", f"rooms/{room}/leave/")
    await bob.call("POST", f"rooms/{room}/join/")
    async with bob.socket() as socket:
        await socket.command("room.subscribe", room=room, since=0)
        assert [event["type"] for event in await socket.events(3)] == ["member.joined", "member.left", "member.joined"]
        await alice.send(room, "hello again")
        assert (await socket.event())["seq"] == 4


async def test_a_reader_who_stops_reading_delays_nobody_and_misses_nothing(cluster):
    """More than the kernel's buffers and the outbox hold, for a client that does not read; then it reads."""
    alice, bob = await cluster.person("alice"), await cluster.person("bob")
    room = await alice.room(bob)
    count, data = 600, json.dumps({"x": "x" * 16_000})
    async with bob.socket() as slow, alice.socket() as quick:
        await slow.command("room.subscribe", room=room)
        await quick.command("room.subscribe", room=room)
        slow.connection.transport.pause_reading()
        for _ in range(count):
            await quick.connection.send(f'{{"type":"message.send","room":"{room}","body":"x","data":{data}}}')
        heard = await quick.events(count)
        slow.connection.transport.resume_reading()
        assert await slow.events(count) == heard
