"""Workers that are killed, told to stop, or stopped for a while."""

import asyncio
import signal
import time

import pytest

from tests.client import until
from tests.presence.watching import agreed, listed, until_listed, watching
from tests.presence.workers import workers

# What is promised of a worker that was killed.
SECONDS = 15.0


@pytest.fixture
async def pair(folder, postgres_database):
    async with workers(folder, postgres_database()) as made:
        yield made


async def test_who_was_on_a_killed_worker_goes_in_time_and_who_is_elsewhere_too_stays(pair):
    carol = await pair.site.newcomer("carol")
    await pair.alice.call("POST", f"rooms/{pair.room}/members/", {"user": carol.id})
    async with (
        watching(pair.alice, pair.room, 0) as seen,
        watching(pair.bob, pair.room, 1),
        watching(carol, pair.room, 1),
        watching(carol, pair.room, 0),
    ):
        await until(lambda: len(seen.ids) == 3)
        since = seen.users[carol.id]["since"]
        pair.signal(1, signal.SIGKILL)
        async with asyncio.timeout(SECONDS):
            await until(lambda: pair.bob.id not in seen.ids)
            await until_listed(lambda fresh: fresh["count"] == 2, pair.alice, pair.room)
        fresh = await agreed(pair.alice, pair.room, seen)
        assert {each["user"]["id"]: each["since"] for each in fresh["users"]}[carol.id] == since
        assert [each for each in seen.passed if each[0] == "left"] == [("left", pair.bob.id)]


async def test_a_killed_worker_s_company_goes_though_nobody_else_was_present(pair):
    async with watching(pair.bob, pair.room, 1) as seen:
        await until(lambda: seen.ids == {pair.bob.id})
        assert (await listed(pair.alice, pair.room))["count"] == 1
        pair.signal(1, signal.SIGKILL)
        async with asyncio.timeout(SECONDS):
            await until_listed(lambda fresh: fresh["count"] == 0, pair.alice, pair.room)
    async with watching(pair.alice, pair.room, 0) as seen:
        await until(lambda: seen.ids == {pair.alice.id})
        assert seen.passed == [("joined", pair.alice.id)]


async def test_who_is_on_a_worker_that_stops_goes_with_their_connection(pair):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1):
        await until(lambda: len(seen.ids) == 2)
        pair.signal(1, signal.SIGTERM)
        begun = time.monotonic()
        await until(lambda: seen.ids == {pair.alice.id})
        # Sooner than its lease could have ended.
        assert time.monotonic() - begun < 6
        await agreed(pair.alice, pair.room, seen)


async def test_a_worker_that_stood_still_longer_than_its_lease_says_again_who_is_there(pair):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1) as other:
        await until(lambda: len(seen.ids) == len(other.ids) == 2)
        pair.signal(1, signal.SIGSTOP)
        try:
            async with asyncio.timeout(SECONDS):
                await until(lambda: pair.bob.id not in seen.ids)
        finally:
            pair.signal(1, signal.SIGCONT)
        await until(lambda: pair.bob.id in seen.ids)
        await agreed(pair.alice, pair.room, seen, other)
        assert not [each for each in other.passed if each[0] == "left"]
        assert [each for each in seen.passed if each[1] == pair.bob.id] == [
            ("joined", pair.bob.id),
            ("left", pair.bob.id),
            ("joined", pair.bob.id),
        ]


async def test_who_was_removed_hears_nothing_more_and_is_not_shown(pair, gather):
    """By the other worker, while others come and go and messages are sent."""
    carol = await pair.site.newcomer("carol")
    await pair.alice.call("POST", f"rooms/{pair.room}/members/", {"user": carol.id})
    done = asyncio.Event()

    async def come_and_go():
        while not done.is_set():
            async with watching(carol, pair.room, 0):
                await asyncio.sleep(0.03)

    async def talk():
        while not done.is_set():
            await pair.alice.send(pair.room, "x")

    async with watching(pair.alice, pair.room, 0) as seen:
        async with pair.bob.socket(worker=1) as socket:
            await socket.command("room.subscribe", room=pair.room, presence=True)
            work = asyncio.gather(come_and_go(), talk())
            await until(lambda: pair.bob.id in seen.ids and ("left", carol.id) in seen.passed)
            await pair.alice.call("DELETE", f"rooms/{pair.room}/members/{pair.bob.id}/", worker=0)
            removed_at = len(seen.heard)
            await socket.wait_for(lambda frame: frame["type"] == "room.removed")
            await until(lambda: pair.bob.id not in seen.ids and len(seen.heard) > removed_at + 6)
            await socket.connection.send('{"type": "ping"}')
            tail = []
            while (frame := await socket._receive())["type"] != "pong":
                tail.append(frame)
            assert tail == []
            done.set()
            await work
        fresh = await agreed(pair.alice, pair.room, seen)
    assert pair.bob.id not in [each["user"]["id"] for each in fresh["users"]]


async def test_a_room_that_is_deleted_is_told_of_nobody_more(pair):
    async with watching(pair.alice, pair.room, 0) as seen, watching(pair.bob, pair.room, 1) as other:
        await until(lambda: len(seen.ids) == len(other.ids) == 2)
        heard = len(seen.heard), len(other.heard)
        await pair.alice.call("DELETE", f"rooms/{pair.room}/")
        again = await pair.alice.room(pair.bob)
        async with watching(pair.alice, again, 0) as fresh, watching(pair.bob, again, 1):
            await until(lambda: len(fresh.ids) == 2)
        assert (len(seen.heard), len(other.heard)) == heard
