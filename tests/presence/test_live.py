"""Who is there, embedded and on two workers: the first connection comes, the last goes, and nothing in between."""

import asyncio
import random
from contextlib import AsyncExitStack

import pytest

from tests.client import DEADLINE, Refused, until
from tests.presence.watching import agreed, listed, settled, watching, window


@pytest.fixture
async def people(site):
    alice, bob = await site.person("alice"), await site.person("bob")
    room = await alice.room(bob)
    await settled(alice, room)
    return alice, bob, room


async def test_somebody_comes_and_goes(people):
    alice, bob, room = people
    async with watching(alice, room) as seen:
        await until(lambda: seen.ids == {alice.id})
        async with watching(bob, room, worker=1) as also:
            await until(lambda: seen.ids == also.ids == {alice.id, bob.id})
            assert seen.users == also.users
        await until(lambda: seen.ids == {alice.id})
    assert seen.passed == [("joined", alice.id), ("joined", bob.id), ("left", bob.id)]
    assert not seen.wrong
    async with asyncio.timeout(DEADLINE):
        while (await listed(alice, room))["count"]:
            pass


async def test_many_devices_are_one(people):
    alice, bob, room = people
    async with watching(alice, room, worker=1) as seen:
        async with watching(bob, room) as first:
            await until(lambda: bob.id in seen.ids and bob.id in first.ids)
            since = seen.users[bob.id]["since"]
            async with AsyncExitStack() as stack:
                for worker in (0, 1, 0, 1):
                    also = await stack.enter_async_context(watching(bob, room, worker))
                    await until(lambda also=also: bob.id in also.ids)
                    assert also.users[bob.id]["since"] == since
                await until(lambda: seen.ids == {alice.id, bob.id})
            assert (await listed(bob, room))["count"] == 2
        await until(lambda: seen.ids == {alice.id})
    assert [each for each in seen.passed if each[1] == bob.id] == [("joined", bob.id), ("left", bob.id)]


async def test_since_when_stays_when_another_device_comes_and_goes(people):
    alice, bob, room = people
    async with watching(alice, room) as seen, watching(bob, room, worker=1) as second:
        await until(lambda: bob.id in second.ids)
        since = second.users[bob.id]["since"]
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(watching(bob, room, worker=0))
            await stack.aclose()
        fresh = await listed(alice, room)
        assert {each["user"]["id"]: each["since"] for each in fresh["users"]}[bob.id] == since
        await until(lambda: seen.users == second.users)


async def test_who_does_not_ask_is_not_shown_and_hears_nothing(people):
    alice, bob, room = people
    async with window(bob) as silent, watching(alice, room) as seen:
        reply = await silent.command("room.subscribe", room=room)
        assert "presence" not in reply
        await until(lambda: seen.ids == {alice.id})
        async with watching(alice, room, worker=1):
            assert (await listed(bob, room))["count"] == 1
        await bob.send(room, "last")
        await until(lambda: any(frame["type"] == "message.created" for frame in silent.frames))
    assert not [frame for frame in silent.frames if frame["type"].startswith("presence.")]


async def test_subscribing_anew_with_and_without(people):
    """Nobody goes and comes again for it."""
    alice, bob, room = people
    async with watching(alice, room) as seen, window(bob, worker=1) as opened:
        await opened.watch(room)
        await until(lambda: bob.id in seen.ids)
        for _ in range(5):
            await opened.watch(room)
        await opened.command("room.subscribe", room=room)
        await until(lambda: seen.ids == {alice.id})
        await opened.watch(room)
        await until(lambda: seen.ids == {alice.id, bob.id})
        await opened.command("room.unsubscribe", room=room)
        await until(lambda: seen.ids == {alice.id})
        of_bob = [kind for kind, who in seen.passed if who == bob.id]
    assert of_bob == ["joined", "left", "joined", "left"]


async def test_many_rooms_with_one_command(people):
    alice, bob, room = people
    other = await alice.room(bob)
    hidden = await bob.room()
    async with watching(bob, room, worker=1) as seen, watching(bob, other) as also, window(alice) as opened:
        await until(lambda: seen.ids == also.ids == {bob.id})
        asked = {room: {}, other: {}, hidden: {}}
        reply = await opened.command("room.subscribe", rooms=asked, presence=True)
        assert reply["rooms"][hidden]["error"]["code"] == "not_found"
        assert opened.watchers.keys() == {room, other}
        mine = list(opened.watchers.values())
        await until(lambda: all(each.ids == {alice.id, bob.id} for each in [seen, also, *mine]))
    assert (await listed(bob, hidden))["count"] == 0


async def test_rest_and_the_command_tell_the_same(people):
    alice, bob, room = people
    async with watching(alice, room) as seen, window(bob, worker=1) as opened:
        # Each worker says whom it has when it comes to it: since when is Redis' word.
        await until(lambda: len(seen.ids) == 1)
        await opened.watch(room)
        await until(lambda: len(seen.ids) == 2)
        by_command = [await opened.command("presence.list", room=room)]
        async with window(alice) as other:
            by_command.append(await other.command("presence.list", room=room))
        fresh = [await listed(bob, room), await listed(alice, room, worker=1), *by_command]
        assert fresh == [fresh[0]] * 4
        assert [each["user"]["id"] for each in fresh[0]["users"]] == [alice.id, bob.id]
        assert seen.is_as(fresh[0])


@pytest.mark.parametrize("door", ["rest", "command"])
async def test_a_room_that_is_not_ones_to_see(people, site, door):
    alice, _, room = people
    stranger = await site.person("stranger")
    async with watching(alice, room), stranger.socket() as socket:
        with pytest.raises(Refused, match="not_found"):
            await (listed(stranger, room) if door == "rest" else socket.command("presence.list", room=room))
        with pytest.raises(Refused, match="not_found"):
            await socket.command("room.subscribe", room=room, presence=True)
        assert (await listed(alice, room))["count"] <= 1


async def test_what_was_told_first_and_all_that_follows_is_what_is_so(people, site, gather):
    """While others come and go without a pause, on both workers, watchers come and go as well."""
    alice, bob, room = people
    others = [await site.person(f"guest{number}") for number in range(4)]
    for each in others:
        await alice.call("POST", f"rooms/{room}/members/", {"user": each.id})

    async def come_and_go(person, seed):
        chance = random.Random(seed)
        for _ in range(12):
            async with watching(person, room, chance.randrange(2)) as seen:
                await asyncio.sleep(chance.random() * 0.1)
                assert not seen.wrong

    async with watching(alice, room, 0) as first, watching(bob, room, 1) as second:
        await gather(*(come_and_go(each, seed) for seed, each in enumerate(others)))
        async with watching(others[0], room, 1) as late:
            left = {alice.id, bob.id, others[0].id}
            await until(lambda: first.ids == second.ids == late.ids == left)
            await agreed(alice, room, first, second, late)


async def test_who_resumes_hears_what_was_missed_and_who_is_there(people):
    alice, bob, room = people
    sent = [await alice.send(room, f"{number}") for number in range(3)]
    async with watching(bob, room, worker=1), window(alice) as opened:
        seen = await opened.watch(room, since=sent[0]["seq"])
        await until(lambda: seen.ids == {alice.id, bob.id})
        await until(lambda: len([each for each in opened.frames if each["type"] == "message.created"]) == 2)
    assert not seen.wrong
