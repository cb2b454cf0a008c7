"""Valkey dies: who is signed out meanwhile is found out, the others notice nothing; and when it is back, at once."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from devtools.valkey import Valkey
from tests.client import Site
from tests.realtime.browser import Browser
from tests.realtime.ways import ALLOWED, in_cookie
from tests.revocation.live import SOON, Ear, ear, login, workers

# REALTIME_RECHECK_SECONDS is 3 in quick.py; in production ten times that.
FOUND_OUT = 60.0


@pytest.fixture(scope="module")
def valkey():
    """One that may die."""
    with Valkey() as valkey:
        yield valkey


@pytest.fixture
async def revived(valkey):
    """It, whatever the test before did to it."""
    yield valkey
    if not valkey.running:
        await asyncio.to_thread(valkey.start)


def installation(settings: str):
    @pytest.fixture(scope="module", name=settings)
    def running(folder, postgres_database, valkey):
        with workers(settings, folder, postgres_database(), valkey.url, f"tests.revocation.{settings}") as running:
            yield running

    return running


quick, trusting = installation("quick"), installation("trusting")


@pytest.fixture
async def site(quick):
    async with Site(quick.urls).open() as opened:
        yield opened


@pytest.fixture
async def trustful(trusting):
    """Workers that ask after nobody, unless they have reason to."""
    async with Site(trusting.urls).open() as opened:
        yield opened


async def test_who_signs_out_meanwhile_is_found_out_and_nobody_else(site, revived):
    victim, writer = await site.newcomer("victim"), await site.newcomer("writer")
    other = await login(site, victim.username)
    room = await writer.room(victim)
    async with AsyncExitStack() as stack:
        ears = [await stack.enter_async_context(ear(victim, room, worker)) for worker in (0, 1)]
        spared = [await stack.enter_async_context(ear(person, room, 1)) for person in (other, writer)]
        await asyncio.to_thread(revived.kill)
        await victim.call("POST", "auth/logout/")
        # Its own worker needs nobody to tell it.
        assert await ears[0].ended(SOON) == 4401
        assert await ears[1].ended(FOUND_OUT) == 4401
        seq = (await writer.send(room, "the log is read"))["seq"]
        for each in spared:
            await each.hears(seq)
        assert [each.code for each in spared] == [None, None]


async def test_a_session_too(site, revived):
    async with AsyncExitStack() as stack:
        browser = await (await stack.enter_async_context(Browser.open(site.urls[0]))).sign_in()
        dial = in_cookie(browser.key).dial(site, 1, **ALLOWED)
        tab = Ear(await stack.enter_async_context(dial))
        await asyncio.to_thread(revived.kill)
        await browser.sign_out()
        assert await tab.ended(FOUND_OUT) == 4401


async def test_sockets_open_and_close_without_it(site, revived):
    victim = await site.newcomer("victim")
    await asyncio.to_thread(revived.kill)
    async with victim.socket(worker=1) as socket:
        await victim.call("POST", "auth/logout/")
        assert await Ear(socket).ended(FOUND_OUT) == 4401


async def test_once_it_is_back_whatever_was_missed_is_made_up_for(trustful, revived):
    victim = await trustful.newcomer("victim")
    async with victim.socket(worker=1) as socket, victim.socket(worker=0) as own:
        heard = Ear(socket)
        await asyncio.to_thread(revived.kill)
        # Longer than a link takes to give up: it begins anew.
        await asyncio.sleep(5)
        await victim.call("POST", "auth/logout/")
        assert await Ear(own).ended(SOON) == 4401
        assert heard.code is None
        await asyncio.to_thread(revived.start)
        assert await heard.ended() == 4401


async def test_an_outage_that_the_layer_s_client_makes_nothing_of(trustful, revived):
    """Over before a link gives up, and silently mended: what was announced meanwhile is lost all the same."""
    victim = await trustful.newcomer("victim")
    async with victim.socket(worker=1) as socket:
        heard = Ear(socket)
        await asyncio.to_thread(revived.kill)
        await victim.call("POST", "auth/logout/")
        await asyncio.to_thread(revived.start)
        assert await heard.ended() == 4401


async def test_one_that_answers_nothing(trustful, revived):
    """Frozen: connections stay open, and what is announced is given up."""
    victim = await trustful.newcomer("victim")
    async with victim.socket(worker=1) as socket:
        heard = Ear(socket)
        revived.pause()
        try:
            await victim.call("POST", "auth/logout/")
        finally:
            await asyncio.sleep(5)
            revived.resume()
        assert await heard.ended() == 4401
