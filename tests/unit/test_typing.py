"""Each process ends by itself the typing that it passed on."""

from asyncio import sleep
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from chat import wire
from tests.unit.clock import virtual
from tests.unit.hub_room import LINGERED, Room, a_room
from tests.unit.stand_ins import Listener

SECONDS = 6.0


def said(what: str, user: UUID, seconds: float = SECONDS) -> str:
    typist = wire.Typist(wire.User(user, "somebody"), seconds)
    return wire.encode(
        wire.Passing(f"typing.{what}", uuid4(), wire.moment(datetime(2030, 1, 1, tzinfo=UTC)), typist)
    ).decode()


def pass_on(room: Room, *payloads: str, after: int = 0) -> None:
    """As another process has it announced."""
    message = {"type": "room.passing", "room": str(room.log.room_id), "after": after, "payloads": list(payloads)}
    room.hub._on_passing(message)


def heard(listener: Listener) -> list[str]:
    return [frame["type"].removeprefix("typing.") for frame in listener.frames if frame["type"].startswith("typing.")]


@virtual
async def test_it_ends_in_time_and_once():
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        user = uuid4()
        pass_on(room, said("started", user))
        await sleep(SECONDS - 0.1)
        assert heard(listener) == ["started"]
        await sleep(0.2)
        assert heard(listener) == ["started", "stopped"]
        stopped = listener.frames[-1]
        assert (stopped["room"], stopped["data"]["user"]["id"]) == (str(room.log.room_id), str(user))
        assert "seq" not in stopped
        await sleep(10 * SECONDS)
        assert heard(listener) == ["started", "stopped"]


@virtual
async def test_it_begins_anew_with_each_time_it_is_said():
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        user = uuid4()
        for _ in range(3):
            pass_on(room, said("started", user))
            await sleep(SECONDS - 1)
        assert heard(listener) == ["started"] * 3
        await sleep(1.1)
        assert heard(listener) == ["started"] * 3 + ["stopped"]


@virtual
async def test_who_has_stopped_does_not_stop_again():
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        user, other = uuid4(), uuid4()
        pass_on(room, said("started", user), said("started", other))
        pass_on(room, said("stopped", user, 0))
        await sleep(2 * SECONDS)
        assert heard(listener) == ["started", "started", "stopped", "stopped"]
        assert [frame["data"]["user"]["id"] for frame in listener.frames[-2:]] == [str(user), str(other)]


@virtual
async def test_an_end_that_could_not_be_told_comes_all_the_same():
    """It says that the room has come further than has been heard here."""
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        user = uuid4()
        pass_on(room, said("started", user))
        pass_on(room, said("stopped", user, 0), after=1)
        assert heard(listener) == ["started"]
        await sleep(2 * SECONDS)
        assert heard(listener) == ["started", "stopped"]


@virtual
async def test_a_beginning_that_could_not_be_told_has_no_end():
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        pass_on(room, said("started", uuid4()), after=1)
        await sleep(2 * SECONDS)
        assert heard(listener) == []


@virtual
async def test_a_room_that_nobody_hears_any_more_is_forgotten():
    async with a_room() as room:
        subscription = await room.joined()
        pass_on(room, said("started", uuid4()))
        room.hub.unsubscribe(subscription)
        await sleep(LINGERED)
        assert not room.hub._typing._ends


@virtual
async def test_what_else_passes_begins_and_ends_nothing():
    async with a_room() as room:
        listener = (await room.joined()).subscriber
        pass_on(room, '{"type":"read.updated","room":"x","data":{"typing.started":1}}')
        await sleep(2 * SECONDS)
        assert [frame["type"] for frame in listener.frames] == ["read.updated"]


@pytest.mark.parametrize("unsent", [True, False])
def test_what_passes_comes_after_what_it_is_about(unsent):
    """Events that wait to be gathered go first, whatever the pace."""

    @virtual
    async def check():
        async with a_room() as room:
            listener = (await room.joined()).subscriber
            feed = next(iter(room.hub._feeds.values()))
            feed.offer([(entry.seq, entry.payload) for entry in room.log.append(2)])
            if not unsent:
                feed.flush()
            pass_on(room, said("started", uuid4()), after=2)
            assert [frame.get("seq") for frame in listener.frames] == [1, 2, None]

    check()


@virtual
async def test_nobody_is_told_who_was_removed_or_is_behind():
    async with a_room() as room:
        alice, bob, carol = Listener(), Listener(), Listener()
        for listener in (alice, bob, carol):
            await room.joined(listener)
        carol.stall()
        await room.announce(*room.log.append())
        left = room.log.leave(bob.user_id)
        pass_on(room, said("started", uuid4()), after=2)
        await room.announce(left)
        pass_on(room, said("started", uuid4()), after=2)
        assert [frame["type"] for frame in alice.frames] == ["message.created", "member.left", "typing.started"]
        assert [frame["type"] for frame in bob.frames] == ["message.created", "member.left", "room.removed"]
        assert carol.frames == []
        carol.take()
        await sleep(1)
        assert [frame["type"] for frame in carol.frames] == ["message.created", "member.left"]
