"""A removal under a hundred messages a second: who is out hears not a word more, on any worker, whatever dies."""

import asyncio
import json

import pytest

from tests.client import Refused, Site
from tests.hostile.live import dialling, enter
from tests.rooms.hearing import FOUND_OUT, Listener, Port, calm, listening, subscribed
from tests.rooms.traffic import busy

# Events that the others hear before the removals, and after them: more than a second's.
BEFORE, AFTER = 40, 150


class Cast:
    """Who is in the room, who is to be out of it, and who never was in."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def assemble(self) -> "Cast":
        names = ("owner", "one", "two", "three", "reader", "writer", "canary", "banned", "stranger")
        people = [await self.site.newcomer(name) for name in names]
        self.owner, self.stranger = people[0], people[-1]
        self.senders, self.readers = people[1:4], people[4:6]
        self.canary, self.banned = people[6:8]
        self.room = await self.owner.room(*people[1:8])
        self.calm = await calm(self.owner, *people[1:])
        return self


@pytest.fixture
async def cast(cluster):
    return await Cast(cluster).assemble()


@pytest.fixture
async def doomed(mortal):
    """The same where Valkey may die."""
    return await Cast(mortal).assemble()


def both(cast: Cast) -> dict:
    return subscribed(cast.room, cast.calm.room)


async def beg(listener: Listener, room: str) -> None:
    """Subscribe, again and again, from the first moment on."""
    while True:
        for command in ({"room": room, "since": 0}, {"rooms": {room: {"since": 0}}}, {"rooms": "all"}):
            await listener.socket.connection.send(json.dumps({"type": "room.subscribe", **command}))
        await asyncio.sleep(0.05)


def ends_with_the_removal(listener: Listener, room: str, reason: str, before: int) -> None:
    """It heard all up to its own removal, was told once that it is over, and heard nothing of the room after that."""
    heard = listener.of(room)
    left = next(frame for frame in heard if is_removal_of(frame, listener.person.id))
    assert listener.seqs(room) == list(range(before + 1, left["seq"] + 1))
    assert heard[heard.index(left) :] == [left, {"type": "room.removed", "room": room, "reason": reason}]


async def type_after_it(cast: Cast) -> None:
    """The owner, who has not typed before, says so on both workers."""
    for worker in (0, 1):
        await cast.owner.call("POST", f"rooms/{cast.room}/typing/", {"typing": True}, worker=worker)


def saw_type(listener: Listener, cast: Cast) -> bool:
    typing = [frame for frame in listener.of(cast.room) if frame["type"] == "typing.started"]
    return any(frame["data"]["user"]["id"] == cast.owner.id for frame in typing)


def is_removal_of(frame: dict, user: str) -> bool:
    return frame["type"] == "member.left" and frame["data"]["user"]["id"] == user


async def remove_both(cast: Cast) -> None:
    """At the same time, on two workers."""
    async with asyncio.TaskGroup() as group:
        removal = cast.owner.call("DELETE", f"rooms/{cast.room}/members/{cast.canary.id}/", worker=0)
        ban = cast.owner.call("POST", f"rooms/{cast.room}/bans/", {"user": cast.banned.id}, worker=1)
        group.create_task(removal)
        group.create_task(ban)


def out(cast: Cast) -> list:
    """Sockets of the two who will be out: subscribed on both workers, and not."""
    people = (cast.canary, cast.banned)
    hearing = [(person, worker, both(cast)) for person in people for worker in (0, 1)]
    return hearing + [(person, worker, subscribed(cast.calm.room)) for person in people for worker in (0, 1)]


async def test_who_is_removed_or_banned_hears_nothing_more(cluster, cast):
    room = cast.room
    head = (await cast.owner.call("GET", f"rooms/{room}/"))["last_seq"]
    witnesses = [(cast.owner, worker, both(cast)) for worker in (0, 1)]
    begging = [(cast.stranger, worker, subscribed(cast.calm.room)) for worker in (0, 1)]
    async with listening(*witnesses, *out(cast), *begging) as listeners:
        first, second = listeners[:2]
        gone, unsubscribed, strangers = listeners[2:6], listeners[6:10], listeners[10:]
        begs = [asyncio.create_task(beg(stranger, room)) for stranger in strangers]
        async with busy(room, cast.senders, cast.readers):
            await first.comes_to(room, head + BEFORE)
            await remove_both(cast)
            await type_after_it(cast)
            removal = await first.told("member.left", room)
            await first.comes_to(room, removal["seq"] + AFTER)
        await cast.calm.come(*listeners)
        for task in begs:
            task.cancel()

        for listener in gone:
            reason = "removed" if listener.person is cast.canary else "banned"
            ends_with_the_removal(listener, room, reason, head)
            assert not saw_type(listener, cast)
        for listener in unsubscribed:
            assert [frame["type"] for frame in listener.of(room)] == ["room.removed"]
        for listener in strangers:
            assert listener.of(room) == []
            assert not any(room in json.dumps(frame) for frame in listener.frames if frame["type"] != "reply")
        await second.comes_to(room, first.seqs(room)[-1])
        for listener in (first, second):
            assert listener.seqs(room) == list(range(head + 1, head + 1 + len(listener.seqs(room))))
            # The canaries sang in a mine that had gas: what passes was told all the time.
            later = listener.of(room)[listener.of(room).index(removal) :]
            assert {"read.updated", "typing.started", "typing.stopped"} <= {frame["type"] for frame in later}
            assert saw_type(listener, cast)
        for person in (cast.canary, cast.banned, cast.stranger):
            for path in (f"rooms/{room}/", f"rooms/{room}/events/", f"rooms/{room}/messages/"):
                with pytest.raises(Refused, match="not_found"):
                    await person.call("GET", path, worker=1)


async def test_who_is_taken_in_again_reads_on_where_they_were(cluster, cast):
    room = cast.room
    head = (await cast.owner.call("GET", f"rooms/{room}/"))["last_seq"]
    wanted = [(cast.canary, worker, both(cast)) for worker in (0, 1)]
    async with listening((cast.owner, 0, both(cast)), *wanted) as (witness, *canaries):
        async with busy(room, cast.senders, cast.readers):
            for _ in range(3):
                await cast.owner.call("DELETE", f"rooms/{room}/members/{cast.canary.id}/")
                for canary in canaries:
                    canary.frames.remove(await canary.told("room.removed", room))
                seqs = [canary.seqs(room)[-1] for canary in canaries]
                await cast.owner.call("POST", f"rooms/{room}/members/", {"user": cast.canary.id}, worker=1)
                for canary, seq in zip(canaries, seqs, strict=True):
                    added = await canary.told("room.added", room)
                    assert added["data"]["last_seq"] > seq
                    canary.frames.remove(added)
                    await canary.socket.connection.send(
                        json.dumps({"type": "room.subscribe", "room": room, "since": seq})
                    )
                    await canary.comes_to(room, added["data"]["last_seq"] + 5)
        await cast.calm.come(witness, *canaries)
        for canary in canaries:
            assert canary.seqs(room) == list(range(head + 1, head + 1 + len(canary.seqs(room))))
            assert canary.events(room) == witness.events(room)
            assert not {"room.added", "room.removed"} & set(canary.types(room)), "each was told once"


async def test_a_socket_that_reads_slowly_hears_no_more_either(cluster, cast):
    """Behind by more than its buffers hold when its user is removed, it reads on after that."""
    room, data = cast.room, {"x": "x" * 16_000}
    head = (await cast.owner.call("GET", f"rooms/{room}/"))["last_seq"]
    sender = cast.senders[0]
    with dialling() as dial:
        server = Port(cluster.urls[1])
        slow = await enter(await dial(server, window=4_096), cast.canary, room)
        async with listening((sender, 1, both(cast))) as (witness,):
            for _ in range(400):
                fat = {"type": "message.send", "room": room, "body": "x", "data": data}
                await witness.socket.connection.send(json.dumps(fat))
            await witness.comes_to(room, head + 400)
            await cast.owner.call("DELETE", f"rooms/{room}/members/{cast.canary.id}/")
            removal = await witness.told("member.left", room)
            for _ in range(20):
                await sender.send(room, "a secret", worker=1)
            await sender.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=1)
            await cast.calm.come(witness)
        slow.read_on()
        frames = [json.loads(await slow.text()) for _ in range(removal["seq"] - head + 1)]
        assert [frame["seq"] for frame in frames[:-1]] == list(range(head + 1, removal["seq"] + 1))
        assert frames[-1] == {"type": "room.removed", "room": room, "reason": "removed"}
        await slow.send('{"type":"ping"}')
        assert await slow.text() == '{"type":"pong"}'


async def test_nor_when_valkey_dies_at_that_moment(mortal, doomed, valkey):
    """Of the removal no announcement reaches the other worker: it finds out from the log, and till then says nothing
    that came after."""
    cast, room = doomed, doomed.room
    head = (await cast.owner.call("GET", f"rooms/{room}/"))["last_seq"]
    witnesses = [(cast.owner, worker, both(cast)) for worker in (0, 1)]
    async with listening(*witnesses, *out(cast)) as listeners:
        first, gone = listeners[0], listeners[2:6]
        async with busy(room, cast.senders, cast.readers):
            await first.comes_to(room, head + BEFORE)
            await asyncio.to_thread(valkey.kill)
            await remove_both(cast)
            await type_after_it(cast)
            for listener in gone:
                await listener.told("room.removed", room, FOUND_OUT)
            removal = await first.told("member.left", room)
            await first.comes_to(room, removal["seq"] + AFTER)
            await asyncio.to_thread(valkey.start)
            await first.comes_to(room, first.seqs(room)[-1] + AFTER)
        await cast.calm.come(*listeners)
        for listener in gone:
            reason = "removed" if listener.person is cast.canary else "banned"
            ends_with_the_removal(listener, room, reason, head)
            assert not saw_type(listener, cast)
        for listener in listeners[6:]:
            assert set(listener.types(room)) <= {"room.removed"}


async def test_what_passes_waits_until_the_removal_is_known(mortal, valkey):
    """In a quiet room nothing but a look tells the other worker of the removal; who types there then does so unseen."""
    owner, canary = await mortal.person("owner"), await mortal.newcomer("canary")
    room = await owner.room(canary)
    async with listening((canary, 1, {"room": room}), (owner, 1, {"room": room})) as (listener, witness):
        await asyncio.to_thread(valkey.kill)
        await owner.call("DELETE", f"rooms/{room}/members/{canary.id}/", worker=0)
        for _ in range(5):
            await owner.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=1)
        await owner.call("POST", f"rooms/{room}/read/", {"seq": 2}, worker=1)
        await listener.told("room.removed", room, FOUND_OUT)
        await owner.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=1)
        await witness.told("typing.started", room)
        assert listener.types(room) == ["member.left", "room.removed"]


async def test_a_reader_who_is_banned_from_a_public_room_hears_nothing_more(site):
    """They are no member: nothing but the ban keeps them out."""
    owner, guest = await site.person("owner"), await site.newcomer("guest")
    room = await owner.room(kind="public")
    quiet = await calm(owner, guest)
    wanted = [(guest, worker, subscribed(room, quiet.room)) for worker in (0, 1)]
    async with listening(*wanted) as listeners:
        await owner.send(room, "to all")
        await owner.call("POST", f"rooms/{room}/bans/", {"user": guest.id})
        await owner.send(room, "not to them")
        await quiet.come(*listeners)
        for listener in listeners:
            assert listener.types(room) == ["message.created", "member.left", "room.removed"]
            with pytest.raises(Refused, match="not_found"):
                await _ask(listener, room)
        await owner.call("DELETE", f"rooms/{room}/bans/{guest.id}/")
    async with guest.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room, since=0)
        assert [event["type"] for event in await socket.events(4)] == [
            "message.created",
            "member.left",
            "message.created",
            "member.unbanned",
        ]


async def test_who_is_banned_from_a_private_room_they_never_saw_learns_nothing_of_it(site):
    """To a stranger there is no such room."""
    owner, stranger = await site.person("owner"), await site.newcomer("stranger")
    room = await owner.room()
    quiet = await calm(owner, stranger)
    async with listening((stranger, 0, subscribed(quiet.room)), (stranger, 1, subscribed(quiet.room))) as listeners:
        await owner.call("POST", f"rooms/{room}/bans/", {"user": stranger.id})
        await quiet.come(*listeners)
        for listener in listeners:
            assert listener.of(room) == []


async def _ask(listener: Listener, room: str) -> None:
    """Subscribe, on a socket that somebody else reads."""
    await listener.socket.connection.send(json.dumps({"type": "room.subscribe", "id": "ask", "room": room}))
    reply = await listener.hears(lambda frame: frame.get("id") == "ask")
    if not reply["ok"]:
        raise Refused(reply["error"]["code"])
