"""A token that ends: announced once, a while before, and then the socket ends with it."""

import asyncio
import json

import pytest

from chat import wire
from tests.unit.clock import virtual
from tests.unit.connections_room import EXPIRING, Room, identity, now, settings


def told(guest) -> list[dict]:
    return [json.loads(frame) for frame in guest.frames]


@settings
@virtual
async def test_it_ends_when_its_token_does_and_not_before():
    room = Room()
    guest, other = room.guest(lives=100.5), room.guest()
    await asyncio.sleep(100)
    assert guest.closed == []
    await asyncio.sleep(2)
    assert [code for _, code in guest.closed] == [4401]
    assert guest.closed[0][0] >= 100.5
    assert list(room.connections) == [other]
    assert (other.closed, other.frames) == ([], [])


@settings
@virtual
async def test_it_is_announced_once_in_time():
    room = Room()
    guest = room.guest(lives=EXPIRING + 40)
    await asyncio.sleep(39)
    assert guest.frames == []
    await asyncio.sleep(EXPIRING)
    expires_at = wire.moment(guest.identity.expires_at)
    assert told(guest) == [{"type": "token.expiring", "expires_at": expires_at}]
    await asyncio.sleep(10)
    assert (len(guest.frames), len(guest.closed)) == (1, 1)


@settings
@virtual
async def test_another_token_prolongs_it_and_its_end_is_announced_too():
    room = Room()
    guest = room.guest(lives=EXPIRING + 5)
    await asyncio.sleep(10)
    guest.identity = identity(EXPIRING + 50, user_id=guest.user_id)
    await asyncio.sleep(EXPIRING + 20)
    assert (len(guest.frames), guest.closed) == (2, [])
    assert told(guest)[1]["expires_at"] > told(guest)[0]["expires_at"]
    await asyncio.sleep(50)
    assert (len(guest.frames), len(guest.closed)) == (2, 1)


@settings
@virtual
async def test_one_that_is_short_from_the_beginning_is_announced_soon():
    room = Room()
    guest = room.guest(lives=10)
    await asyncio.sleep(2)
    assert len(guest.frames) == 1


@pytest.mark.parametrize("lives", [0.0, -5.0])
def test_one_that_ended_while_it_was_let_in(lives):
    @settings
    @virtual
    async def scenario():
        room = Room()
        guest = room.guest(lives=lives)
        assert guest.identity.expires_at <= now()
        await asyncio.sleep(2)
        assert (guest.frames, len(guest.closed)) == ([], 1)

    scenario()


@settings
@virtual
async def test_a_thousand_end_at_once_each_once():
    room = Room()
    guests = [room.guest(lives=20) for _ in range(1_000)]
    await asyncio.sleep(60)
    assert [len(guest.closed) for guest in guests] == [1] * 1_000
    assert list(room.connections) == []
