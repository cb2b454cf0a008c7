"""A token ends under a live socket: it is told in time, once for each token, and closed if it does nothing."""

import pytest

from tests.client import Person
from tests.revocation.live import Ear, workers
from tests.tokens import expire

# REALTIME_EXPIRING_SECONDS is 4 in quick.py.
LIVES = 6


@pytest.fixture(scope="module")
def running(folder, postgres_database):
    with workers("expiry", folder, postgres_database(), settings="tests.revocation.quick") as running:
        yield running


async def test_it_is_told_once_and_closed(running, site):
    alice = await site.newcomer("alice")
    expire(running.database, alice, LIVES)
    async with alice.socket() as socket:
        heard = Ear(socket)
        assert await heard.ended() == 4401
        assert [frame["type"] for frame in heard.frames] == ["token.expiring"]
        me = await site.http().get("users/me/", headers={"Authorization": f"Bearer {alice.token}"})
        assert me.status_code == 401


async def test_another_token_prolongs_it_and_is_told_of_too(running, site):
    alice = await site.newcomer("alice")
    expire(running.database, alice, LIVES)
    async with alice.socket() as socket:
        first = await socket.wait_for(lambda frame: frame["type"] == "token.expiring")
        answer = await alice.call("POST", "auth/refresh/", {"refresh_token": alice.login["refresh_token"]})
        newer = Person(site, alice.login | answer)
        expire(running.database, newer, 2 * LIVES)
        replied = await socket.command("authenticate", token=newer.token)
        assert replied["expires_at"] > first["expires_at"]
        second = await socket.wait_for(lambda frame: frame["type"] == "token.expiring")
        assert second["expires_at"] == replied["expires_at"]
        heard = Ear(socket)
        assert await heard.ended() == 4401
        assert heard.frames == []


async def test_a_token_that_is_refused_prolongs_nothing(running, site):
    alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
    expire(running.database, alice, LIVES)
    async with alice.socket() as socket:
        for token in (bob.token, "nonsense"):
            await socket.connection.send(f'{{"type":"authenticate","token":"{token}"}}')
        heard = Ear(socket)
        assert await heard.ended() == 4401
        assert [frame["type"] for frame in heard.frames] == ["error", "error", "token.expiring"]


async def test_a_socket_of_a_ticket_lives_as_long_as_the_device_s_token(running, site):
    alice = await site.newcomer("alice")
    ticket = await alice.call("POST", "auth/tickets/")
    expire(running.database, alice, LIVES)
    alice.token = ticket["ticket"]
    async with alice.socket() as socket:
        assert await Ear(socket).ended() == 4401
