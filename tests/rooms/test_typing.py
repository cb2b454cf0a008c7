"""Who is typing: heard at once on every worker, over by itself whoever dies or falls silent, never too much."""

import asyncio
from datetime import datetime
from itertools import pairwise

import pytest

from tests.client import Person, Refused
from tests.rooms.hearing import Listener, calm, listening, subscribed

# TYPING_SECONDS in lively.py; and that with a lot of patience.
ENDS_AFTER = 1.5
OVER = 10.0
GUNICORN = 2


def typing(listener: Listener, room: str, person: Person) -> list[str]:
    """What was heard of somebody's typing."""
    told = [frame for frame in listener.of(room) if frame["type"].startswith("typing.")]
    return [frame["type"].partition(".")[2] for frame in told if frame["data"]["user"]["id"] == person.id]


async def goes(listeners: list[Listener], room: str, person: Person, *expected: str) -> None:
    for listener in listeners:
        async with asyncio.timeout(OVER):
            while typing(listener, room, person) != list(expected):
                assert len(typing(listener, room, person)) <= len(expected), typing(listener, room, person)
                await asyncio.sleep(0.01)


async def room_of(site, *names: str) -> tuple[str, list[Person]]:
    people = [await site.person(name) for name in ("owner", *names)]
    return await people[0].room(*people[1:]), people


async def test_it_is_heard_at_once_and_ends_at_once_when_that_is_said(site, door):
    room, (alice, bob) = await room_of(site, "bob")
    wanted = [(bob, 0, {"room": room}), (bob, 1, {"room": room}), (alice, 1, {"room": room})]
    async with listening(*wanted) as listeners, door.open(alice) as hers:
        for times in (1, 2):
            await hers.typing(room, now=True)
            await goes(listeners, room, alice, *["started", "stopped"] * (times - 1), "started")
            await hers.typing(room, now=False)
            await goes(listeners, room, alice, *["started", "stopped"] * times)
        assert all(frame["data"]["expires_in"] >= 0 for frame in listeners[0].of(room))
        assert {frame["data"]["user"]["username"] for frame in listeners[0].of(room)} == {alice.username}
        # Nothing of it is kept.
        assert (await bob.call("GET", f"rooms/{room}/"))["last_seq"] == 1
        assert [event["type"] for event in (await bob.call("GET", f"rooms/{room}/events/"))["results"]] == [
            "member.joined"
        ]


@pytest.mark.parametrize("worker", [0, GUNICORN], ids=["asgi", "wsgi"])
async def test_it_ends_by_itself(hybrid, worker):
    """Said once by HTTP, through whatever process, and never taken back."""
    room, (alice, bob) = await room_of(hybrid, "bob")
    async with listening((bob, 0, {"room": room}), (bob, 1, {"room": room})) as listeners:
        await alice.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=worker)
        await goes(listeners, room, alice, "started")
        await goes(listeners, room, alice, "started", "stopped")


async def test_it_goes_on_while_that_is_said_again(hybrid):
    room, (alice, bob) = await room_of(hybrid, "bob")
    async with listening((bob, 0, {"room": room}), (bob, 1, {"room": room})) as listeners, alice.socket() as hers:
        for _ in range(3):
            await hers.command("typing.start", room=room)
            await asyncio.sleep(0.7)
        for listener in listeners:
            await listener.told("typing.stopped", room, OVER)
            told = [(frame["type"], datetime.fromisoformat(frame["at"])) for frame in listener.of(room)]
            for (before, since), (after, at) in pairwise(told):
                assert before == "typing.started"
                assert after == "typing.started" or (at - since).total_seconds() > ENDS_AFTER - 0.1


async def test_it_ends_when_the_worker_of_the_typist_is_killed(hybrid, hybrid_installation):
    room, (alice, bob) = await room_of(hybrid, "bob")
    async with listening((bob, 0, {"room": room}), (bob, 1, {"room": room})) as listeners:
        with hybrid_installation.worker() as doomed:
            hybrid.urls = [*hybrid_installation.urls, doomed.url]
            async with alice.socket(worker=3) as hers:
                await hers.command("room.subscribe", room=room)
                await hers.command("typing.start", room=room)
                await goes(listeners, room, alice, "started")
                doomed.process.kill()
                await hers.connection.wait_closed()
        await goes(listeners, room, alice, "started", "stopped")


async def test_a_flood_is_told_as_a_few_and_refused_to_nobody(hybrid):
    room, (alice, bob) = await room_of(hybrid, "bob")
    quiet = await calm(alice, bob)
    wanted = [(bob, worker, subscribed(room, quiet.room)) for worker in (0, 1)]
    async with listening(*wanted) as listeners, alice.socket(worker=0) as one, alice.socket(worker=1) as two:
        for _ in range(30):
            for socket in (one, two):
                await socket.command("typing.start", room=room)
            await alice.call("POST", f"rooms/{room}/typing/", {"typing": True}, worker=GUNICORN)
        await one.command("typing.stop", room=room)
        await quiet.come(*listeners)
        for listener in listeners:
            # 4 at once, and one more every 2 s; of 90, which take a few.
            assert 4 <= typing(listener, room, alice).count("started") <= 30
            assert typing(listener, room, alice)[-1] == "stopped"


async def test_who_may_not_be_heard_types_nothing(site, door):
    room, (owner, alice, reader) = await room_of(site, "alice", "reader")
    public = await owner.room(alice, kind="public")
    quiet = await calm(owner, alice, reader)
    await owner.call("PUT", f"rooms/{room}/members/{alice.id}/mute/", {"until": "2040-01-01T00:00:00Z"})
    stranger = await site.person("stranger")
    wanted = (owner, 0, subscribed(room, public, quiet.room))
    async with listening(wanted) as (listener,), door.open(alice) as muted, door.open(reader) as guest:
        for now in (True, False):
            with pytest.raises(Refused, match="muted"):
                await muted.typing(room, now=now)
            with pytest.raises(Refused, match="not_a_member"):
                await guest.typing(public, now=now)
        async with door.open(stranger) as nobody:
            with pytest.raises(Refused, match="not_found"):
                await nobody.typing(room, now=True)
        await owner.call("PUT", f"rooms/{public}/archive/")
        with pytest.raises(Refused, match="archived"):
            await muted.typing(public, now=True)
        await owner.call("DELETE", f"rooms/{room}/members/{reader.id}/")
        with pytest.raises(Refused, match="not_found"):
            await guest.typing(room, now=True)
        await quiet.come(listener)
        assert not any(frame["type"].startswith("typing.") for frame in listener.frames)


async def test_the_typing_of_somebody_who_is_removed_does_not_go_on(hybrid):
    room, (owner, alice, bob) = await room_of(hybrid, "alice", "bob")
    async with listening((bob, 0, {"room": room}), (bob, 1, {"room": room})) as listeners, alice.socket() as hers:
        await hers.command("typing.start", room=room)
        await goes(listeners, room, alice, "started")
        await owner.call("DELETE", f"rooms/{room}/members/{alice.id}/")
        with pytest.raises(Refused, match="not_found"):
            await hers.command("typing.start", room=room)
        await goes(listeners, room, alice, "started", "stopped")
