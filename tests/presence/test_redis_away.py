"""Redis killed, emptied, or standing still: nobody goes for it, and all is as before when it is back."""

import asyncio
import time

import pytest
import redis

from devtools.valkey import Valkey
from tests.client import DEADLINE, until
from tests.presence.watching import agreed, listed, until_listed, watching, window
from tests.presence.workers import workers


@pytest.fixture
def valkey():
    with Valkey() as running:
        yield running


@pytest.fixture
async def pair(folder, postgres_database, valkey):
    async with workers(folder, postgres_database(), redis=valkey.url) as made:
        yield made


def left(*watchers) -> list:
    return [each for watcher in watchers for each in watcher.passed if each[0] == "left"]


async def incomplete(person, room, worker=0):
    return await until_listed(lambda fresh: not fresh["complete"], person, room, worker)


async def test_redis_is_killed_and_comes_back_empty(pair, valkey):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1) as other:
        await until(lambda: len(seen.ids) == len(other.ids) == 2)
        before = seen.users | {}
        valkey.stop()
        away = await incomplete(pair.alice, pair.room)
        assert {each["user"]["id"] for each in away["users"]} == {pair.alice.id, pair.bob.id}
        # Who comes now is shown where they came, and begins with what is known there.
        carol = await pair.site.newcomer("carol")
        await pair.alice.call("POST", f"rooms/{pair.room}/members/", {"user": carol.id})
        async with window(carol, 0) as opened:
            async with asyncio.timeout(DEADLINE):
                while (late := await opened.watch(pair.room)).complete:  # noqa: ASYNC110 - as it was at the last look
                    await asyncio.sleep(0.1)
            assert {pair.alice.id, pair.bob.id} <= late.ids
            await until(lambda: carol.id in seen.ids)
            with Valkey(port=valkey.port):
                await until(lambda: carol.id in other.ids)
                await agreed(pair.alice, pair.room, seen, other, late)
                await until(lambda: late.complete)
                assert left(seen, other, late) == []
                assert {user_id: each for user_id, each in seen.users.items() if user_id != carol.id} == before
                async with watching(pair.bob, pair.room, 0):
                    pass
                assert left(seen, other, late) == []


async def test_who_goes_while_redis_is_away_goes_where_they_were_and_elsewhere_when_it_is_back(pair, valkey):
    async with watching(pair.alice, pair.room, 0) as seen, window(pair.bob, 1) as opened:
        await opened.watch(pair.room)
        await until(lambda: len(seen.ids) == 2)
        async with watching(pair.bob, pair.room, 0) as also:
            valkey.stop()
            await incomplete(pair.alice, pair.room)
            await opened.command("room.unsubscribe", room=pair.room)
        await asyncio.sleep(0)
        with Valkey(port=valkey.port):
            await until(lambda: seen.ids == {pair.alice.id})
            await agreed(pair.alice, pair.room, seen)
        assert not also.wrong


async def test_redis_is_emptied(pair, valkey):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1) as other:
        await until(lambda: len(seen.ids) == len(other.ids) == 2)
        before = seen.users | {}
        client = redis.Redis.from_url(valkey.url)
        client.flushall()
        await incomplete(pair.alice, pair.room)
        fresh = await agreed(pair.alice, pair.room, seen, other)
        assert {each["user"]["id"]: each for each in fresh["users"]} == before
        assert left(seen, other) == []
        client.close()


async def test_redis_stands_still_for_longer_than_a_lease(pair, valkey):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1) as other:
        await until(lambda: len(seen.ids) == len(other.ids) == 2)
        valkey.pause()
        begun = time.monotonic()
        try:
            assert not (await listed(pair.alice, pair.room))["complete"]
            while time.monotonic() < begun + 12:
                asked = time.monotonic()
                await listed(pair.alice, pair.room)
                assert time.monotonic() - asked < 5
                await asyncio.sleep(0.2)
        finally:
            valkey.resume()
        # A lease and more passes, in which what went wrong would show.
        begun = time.monotonic()
        while time.monotonic() < begun + 10:
            assert left(seen, other) == []
            await asyncio.sleep(0.2)
        await agreed(pair.alice, pair.room, seen, other)
        async with watching(pair.bob, pair.room, 0):
            pass
        assert left(seen, other) == []
