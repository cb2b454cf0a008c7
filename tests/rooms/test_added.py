"""room.added and room.removed: to all sockets of those whom it concerns, once each, on every worker; to nobody else."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from tests.client import PASSWORD, Person
from tests.rooms.hearing import FOUND_OUT, Listener, calm, listening, subscribed


@dataclass
class Scene:
    owner: Person
    somebody: Person
    room: str
    # The room that comes of it, if it is a new one.
    made: str = ""


def of_owner(method: str, path: str, **body: str) -> Callable[[Scene], Awaitable[None]]:
    async def act(scene: Scene) -> None:
        names = {"room": scene.room, "somebody": scene.somebody.id}
        filled = {name: value.format(**names) for name, value in body.items()}
        answer = await scene.owner.call(method, path.format(**names), filled or None)
        scene.made = answer["id"] if method == "POST" and path in ("rooms/", "rooms/direct/") else ""

    return act


def of_somebody(path: str) -> Callable[[Scene], Awaitable[None]]:
    async def act(scene: Scene) -> None:
        await scene.somebody.call("POST", path.format(room=scene.room))

    return act


# What is done, and who of owner and somebody is in a new room then.
BEGINNINGS = {
    "create": (of_owner("POST", "rooms/", name="new", kind="private"), {"owner"}),
    "join": (of_somebody("rooms/{room}/join/"), {"somebody"}),
    "add": (of_owner("POST", "rooms/{room}/members/", user="{somebody}"), {"somebody"}),
    "direct": (of_owner("POST", "rooms/direct/", user="{somebody}"), {"owner", "somebody"}),
}


async def scene(site, kind: str, *, member: bool) -> tuple[Scene, list[Person]]:
    """Owner and somebody are new to each other; a member and a stranger look on."""
    owner, somebody = await site.newcomer("owner"), await site.newcomer("somebody")
    others = [await site.person(name) for name in ("member", "stranger")]
    room = await owner.room(*([somebody] if member else []), others[0], kind=kind)
    return Scene(owner, somebody, room), others


def own(listeners: list[Listener], person: Person) -> list[Listener]:
    return [listener for listener in listeners if listener.person is person]


def notices(listener: Listener) -> list[dict]:
    return [frame for frame in listener.frames if frame["type"] in ("room.added", "room.removed")]


@pytest.mark.parametrize(("act", "who"), BEGINNINGS.values(), ids=BEGINNINGS.keys())
async def test_who_is_in_a_room_from_now_on_is_told(site, act, who):
    found, others = await scene(site, "public", member=False)
    quiet = await calm(found.owner, found.somebody, *others)
    # Of each person two sockets on each worker: one hears the room already (it is public), one does not.
    people = [found.owner, found.somebody, *others]
    both = (subscribed(found.room, quiet.room), subscribed(quiet.room))
    wanted = [(person, worker, each) for person in people for worker in (0, 1) for each in both]
    async with listening(*wanted) as listeners:
        await act(found)
        await act(found) if act is BEGINNINGS["join"][0] else None  # again is nothing
        await quiet.come(*listeners)
        room = found.made or found.room
        for name, person in (("owner", found.owner), ("somebody", found.somebody)):
            expected = []
            if name in who:
                expected = [("room.added", room, await person.call("GET", f"rooms/{room}/"))]
            for listener in own(listeners, person):
                assert [(frame["type"], frame["room"], frame["data"]) for frame in notices(listener)] == expected
        for person in others:
            assert not any(notices(listener) for listener in own(listeners, person))


async def erase(found: Scene) -> None:
    await found.somebody.call("POST", "users/me/erase/", {"password": PASSWORD})


ENDS = {
    "leave": ("left", of_somebody("rooms/{room}/leave/")),
    "remove oneself": (
        "left",
        lambda found: found.somebody.call("DELETE", f"rooms/{found.room}/members/{found.somebody.id}/"),
    ),
    "kick": ("removed", of_owner("DELETE", "rooms/{room}/members/{somebody}/")),
    "ban": ("banned", of_owner("POST", "rooms/{room}/bans/", user="{somebody}")),
}


@pytest.mark.parametrize(("reason", "act"), ENDS.values(), ids=ENDS.keys())
async def test_who_is_not_any_more_is_told(site, reason, act):
    found, others = await scene(site, "public", member=True)
    quiet = await calm(found.owner, found.somebody, *others)
    people = [found.owner, found.somebody, *others]
    both = (subscribed(found.room, quiet.room), subscribed(quiet.room))
    wanted = [(person, worker, each) for person in people for worker in (0, 1) for each in both]
    async with listening(*wanted) as listeners:
        for _ in range(2):  # and if it comes to that again, again
            await act(found)
            await found.owner.send(found.room, "not to them")
            await quiet.come(*listeners)
            for listener in own(listeners, found.somebody):
                assert [frame["type"] for frame in notices(listener)] == ["room.removed"]
                assert notices(listener)[0] == {"type": "room.removed", "room": found.room, "reason": reason}
                assert listener.types(found.room)[-1] == "room.removed"
            for person in (found.owner, *others):
                assert not any(notices(listener) for listener in own(listeners, person))
            await found.owner.call("DELETE", f"rooms/{found.room}/bans/{found.somebody.id}/")
            await found.owner.call("POST", f"rooms/{found.room}/members/", {"user": found.somebody.id})
            await quiet.come(*listeners)
            for listener in own(listeners, found.somebody):
                assert listener.types(found.room)[-1] == "room.added"
                listener.frames.clear()


async def test_who_is_erased_takes_nobody_along(site):
    """The room goes on; its others are told by its log, and nothing else."""
    found, others = await scene(site, "private", member=True)
    quiet = await calm(found.owner, *others)
    people = [found.owner, *others[:1]]
    wanted = [(person, worker, subscribed(found.room, quiet.room)) for person in people for worker in (0, 1)]
    async with listening(*wanted, (found.somebody, 1, subscribed(found.room))) as listeners:
        await erase(found)
        assert await listeners[-1].ended() == 4401
        assert {frame["reason"] for frame in notices(listeners[-1])} <= {"erased"}
        await quiet.come(*listeners[:-1])
        for listener in listeners[:-1]:
            assert [frame["type"] for frame in listener.events(found.room)] == ["member.left", "user.erased"]
            assert notices(listener) == []


async def test_a_room_that_is_deleted_is_over_for_everybody(site):
    """Members and readers who hear it, and members who don't; on every worker, once."""
    found, (member, stranger) = await scene(site, "public", member=True)
    quiet = await calm(found.owner, found.somebody, member, stranger)
    people = [found.owner, found.somebody, stranger]
    hearing = [(person, worker, subscribed(found.room, quiet.room)) for person in people for worker in (0, 1)]
    aside = [(person, worker, subscribed(quiet.room)) for person in (member, stranger) for worker in (0, 1)]
    async with listening(*hearing, *aside) as listeners:
        await found.owner.call("DELETE", f"rooms/{found.room}/", worker=1)
        await quiet.come(*listeners)
        over = {"type": "room.removed", "room": found.room, "reason": "deleted"}
        for listener in listeners[:6]:
            assert listener.types(found.room)[-2:] == ["room.deleted", "room.removed"]
            assert notices(listener) == [over]
        for listener in listeners[6:]:
            assert notices(listener) == ([over] if listener.person is member else [])


async def test_a_deletion_that_no_announcement_tells_of(mortal, valkey):
    """The other worker looks for itself."""
    found, (member, stranger) = await scene(mortal, "public", member=True)
    people = [found.owner, found.somebody, member, stranger]
    quiet = await calm(*people)
    wanted = [(person, worker, subscribed(found.room, quiet.room)) for person in people for worker in (0, 1)]
    async with listening(*wanted) as listeners:
        await found.owner.send(found.room, "hello")
        for listener in listeners:
            await listener.comes_to(found.room, 1)
        await asyncio.to_thread(valkey.kill)
        await found.owner.call("DELETE", f"rooms/{found.room}/")
        for listener in listeners:
            told = await listener.told("room.removed", found.room, FOUND_OUT)
            assert told["reason"] == "deleted"
        await asyncio.to_thread(valkey.start)
        await quiet.come(*listeners)
        for listener in listeners:
            assert listener.types(found.room)[-1] == "room.removed"
            assert len(notices(listener)) == 1


async def test_a_slow_reader_is_told_in_order(cluster):
    """Announcements overtake the log that has yet to be read to them: they are out, and in again, before they know."""
    found, (member, _) = await scene(cluster, "private", member=True)
    quiet = await calm(found.owner, found.somebody, member)
    membership = f"rooms/{found.room}/members/"
    wanted = [(found.somebody, worker, subscribed(found.room, quiet.room)) for worker in (0, 1)]
    async with listening((member, 0, subscribed(found.room, quiet.room)), *wanted) as (quick, *slow):
        for listener in slow:
            listener.socket.connection.transport.pause_reading()
        fat = json.dumps({"type": "message.send", "room": found.room, "body": "x", "data": {"x": "x" * 16_000}})
        for _ in range(300):
            await quick.socket.connection.send(fat)
        await quick.comes_to(found.room, 300)
        await found.owner.call("DELETE", f"{membership}{found.somebody.id}/")
        await found.owner.call("POST", membership, {"user": found.somebody.id})
        left = await quick.told("member.left", found.room)
        await quiet.come(quick)
        for listener in slow:
            listener.socket.connection.transport.resume_reading()
            await listener.told("room.added", found.room)
        await quiet.come(*slow)
        for listener in slow:
            assert listener.seqs(found.room)[-1] == left["seq"]
            assert listener.types(found.room)[-3:] == ["member.left", "room.removed", "room.added"]
            assert len(notices(listener)) == 2
            listener.frames.clear()
        await found.owner.call("DELETE", f"{membership}{found.somebody.id}/")
        await quiet.come(*slow)
        for listener in slow:
            assert [frame["type"] for frame in notices(listener)] == ["room.removed"]
