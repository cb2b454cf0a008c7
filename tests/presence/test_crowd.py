"""A room with more people in it than are named to all."""

from contextlib import AsyncExitStack

import pytest

from tests.client import until
from tests.presence.watching import agreed, listed, watching
from tests.presence.workers import workers

# PRESENCE_USERS_MAX in small.py.
MOST = 3


@pytest.fixture
async def pair(folder, postgres_database):
    async with workers(folder, postgres_database(), DJANGO_SETTINGS_MODULE="tests.presence.small") as made:
        yield made


async def test_a_crowd_is_counted_and_those_who_are_left_are_named(pair):
    guests = [await pair.site.newcomer(f"guest{number}") for number in range(MOST)]
    for each in guests:
        await pair.alice.call("POST", f"rooms/{pair.room}/members/", {"user": each.id})
    async with watching(pair.alice, pair.room, 0) as seen:
        async with AsyncExitStack() as stack:
            for number, each in enumerate(guests):
                await stack.enter_async_context(watching(each, pair.room, number % 2))
            await until(lambda: seen.count == MOST + 1)
            assert seen.users is None
            fresh = await agreed(pair.alice, pair.room, seen)
            assert (fresh["count"], fresh["users"]) == (MOST + 1, None)
            # A second device makes no second person.
            async with watching(guests[0], pair.room, 1) as late, watching(pair.bob, pair.room, 1):
                await until(lambda: seen.count == late.count == MOST + 2)
                assert late.users is None
            await until(lambda: seen.count == MOST + 1)
        await until(lambda: seen.ids == {pair.alice.id})
        await agreed(pair.alice, pair.room, seen)
    counted = [each for each in seen.heard if each["type"] == "presence.counted"]
    assert counted[-1]["data"]["users"] is not None
    assert (await listed(pair.bob, pair.room))["complete"]
