"""Coming into rooms and out of them, as told to people wherever they are, whether they hear the room or not."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from tests.client import DEADLINE
from tests.states import schemas
from tests.states.snapshots import mine


class Told:
    """Somebody on a socket that hears no room: what they know of where they are."""

    def __init__(self, person, socket, rooms: dict[str, dict]) -> None:
        self.person, self.socket, self.rooms = person, socket, rooms

    async def next(self) -> dict:
        frame = await self.socket.frame()
        schemas.check(frame)
        if frame["type"] == "room.added":
            self.rooms[frame["room"]] = frame["data"]
        elif frame["type"] == "room.removed":
            del self.rooms[frame["room"]]
        return frame

    async def knows(self) -> None:
        assert self.rooms == await mine(self.person, worker=1)


@pytest.fixture
async def told(site):
    """A newcomer, on another worker than those who act."""
    await listening(site)

    @asynccontextmanager
    async def socket():
        person = await site.newcomer()
        async with person.socket(worker=1) as socket:
            yield Told(person, socket, {})

    return socket


async def listening(site) -> None:
    """What passes may be lost, and is while a server process that has just started begins to listen."""
    owner = await site.person("states-owner")
    async with owner.socket(worker=1) as socket:
        told = asyncio.create_task(socket.frame())
        while not told.done():
            await owner.call("DELETE", f"rooms/{await owner.room()}/")
            await asyncio.wait([told], timeout=0.2)
        await told


async def test_a_room_of_one_s_own(told):
    async with told() as alice:
        opened = await alice.person.call("POST", "rooms/", {"name": "room", "kind": "private"})
        assert (await alice.next())["data"] == opened
        await alice.knows()
        await alice.person.call("DELETE", f"rooms/{opened['id']}/")
        assert (await alice.next())["reason"] == "deleted"
        await alice.knows()


async def test_a_direct_room_is_told_to_both_and_once(told):
    async with told() as alice, told() as bob:
        for _ in range(2):
            opened = await alice.person.call("POST", "rooms/direct/", {"user": bob.person.id})
        assert (await alice.next())["data"] == opened
        assert (await bob.next())["data"]["peer"]["id"] == alice.person.id
        other = await alice.person.room()
        assert (await alice.next())["room"] == other
        await alice.knows()
        await bob.knows()


@pytest.mark.parametrize("kind", ["public", "private"])
async def test_being_taken_in_and_out(site, told, kind):
    owner = await site.person("states-owner")
    room = await owner.room(kind=kind)
    async with told() as bob:
        for reason, how in (("removed", "members"), ("banned", "bans")):
            await owner.call("POST", f"rooms/{room}/members/", {"user": bob.person.id})
            assert (await bob.next())["type"] == "room.added"
            await bob.knows()
            if how == "members":
                await owner.call("DELETE", f"rooms/{room}/members/{bob.person.id}/")
            else:
                await owner.call("POST", f"rooms/{room}/bans/", {"user": bob.person.id})
            frame = await bob.next()
            assert (frame["type"], frame["reason"]) == ("room.removed", reason)
            await bob.knows()


async def test_joining_and_leaving(site, told):
    owner = await site.person("states-owner")
    room = await owner.room(kind="public")
    async with told() as bob:
        for _ in range(2):
            joined = await bob.person.call("POST", f"rooms/{room}/join/")
        assert (await bob.next())["data"] == joined
        await bob.knows()
        await bob.person.call("POST", f"rooms/{room}/leave/")
        assert (await bob.next())["reason"] == "left"
        await bob.knows()


async def test_who_comes_and_goes(site):
    """From the reply on, whoever is there is known without asking."""
    owner, member = await site.person("states-owner"), await site.person("states-member")
    room = await owner.room(member)
    async with owner.socket() as hers:
        company = Company(await hers.command("room.subscribe", room=room, presence=True))
        async with member.socket(worker=1) as his:
            Company(await his.command("room.subscribe", room=room, presence=True))
            await company.until(hers, {owner.id, member.id})
            listed = await hers.command("presence.list", room=room)
            schemas.check_reply("presence.list", listed)
            assert {each["user"]["id"] for each in listed["users"]} == company.ids
        await company.until(hers, {owner.id})


class Company:
    """Who is there, begun from the reply and changed by what is told."""

    def __init__(self, reply: dict) -> None:
        schemas.check_reply("room.subscribe", reply)
        self._is(reply["presence"])

    def _is(self, presence: dict) -> None:
        self.ids = {each["user"]["id"] for each in presence["users"]}

    async def until(self, socket, wanted: set[str]) -> None:
        async with asyncio.timeout(2 * DEADLINE):
            while self.ids != wanted:
                self._hear(await socket.frame())

    def _hear(self, frame: dict) -> None:
        schemas.check(frame)
        if frame["type"] == "presence.counted":
            self._is(frame["data"])
        elif frame["type"] == "presence.joined":
            assert frame["data"]["user"]["id"] not in self.ids
            self.ids.add(frame["data"]["user"]["id"])
        else:
            assert frame["type"] == "presence.left"
            self.ids.remove(frame["data"]["user"]["id"])
