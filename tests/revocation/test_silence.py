"""Whoever is signed out is closed on every worker at once, and hears nothing more, while the talk goes on."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest

from tests.realtime.browser import Browser, employ
from tests.realtime.ways import ALLOWED, in_cookie
from tests.revocation.causes import ANOTHER, CAUSES, scene
from tests.revocation.live import SOON, Ear, chatter, ear, login


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
async def test_closed_on_both_workers_and_silent(running, site, cause):
    here = await scene(running, site)
    writer = await site.person("writer")
    room = await writer.room(here.victim)
    if cause.prepare is not None:
        await cause.prepare(here)
    async with AsyncExitStack() as stack:
        ears = [await stack.enter_async_context(ear(here.victim, room, worker)) for worker in (0, 1)]
        other = await stack.enter_async_context(ear(here.other, room, 1))
        talk = await stack.enter_async_context(chatter(writer, room))
        for each in (*ears, other):
            await each.hears(talk.seq + 20)
        await cause.act(here)
        answered_at = time.time()

        out = ears if cause.spares else [*ears, other]
        assert await asyncio.gather(*(each.ended(SOON) for each in out)) == [4401] * len(out)
        for each in out:
            assert each.committed_at < answered_at + SOON - 1
        await talk.hears(talk.seq + 50)
        if cause.spares:
            await other.hears(talk.seq)
        assert not talk.ended_at


async def test_a_session_that_ends(running, site):
    """Signed out in one tab, the sockets of all the others close; the user's devices have nothing to do with it."""
    employ("clerk", DATABASE_URL=running.database)
    device = await login(site, "clerk")
    async with AsyncExitStack() as stack:
        browser = await (await stack.enter_async_context(Browser.open(site.urls[0]))).sign_in("clerk")
        second = await (await stack.enter_async_context(Browser.open(site.urls[0]))).sign_in("clerk")
        tabs = [await tab(stack, browser, site, worker) for worker in (0, 1)]
        spared = [await tab(stack, second, site, 1), Ear(await stack.enter_async_context(device.socket()))]
        await browser.sign_out()
        assert await asyncio.gather(*(each.ended(SOON) for each in tabs)) == [4401, 4401]
        assert [each.code for each in spared] == [None, None]

        await device.call("POST", "auth/logout-all/")
        assert await asyncio.gather(*(each.ended(SOON) for each in spared)) == [4401, 4401]


async def tab(stack, browser: Browser, site, worker: int) -> Ear:
    socket = await stack.enter_async_context(in_cookie(browser.key).dial(site, worker, **ALLOWED))
    assert (await socket.frame())["type"] == "welcome"
    return Ear(socket)


async def test_an_own_new_password_in_the_admin_ends_what_the_old_one_opened(running, site):
    employ("chief", DATABASE_URL=running.database)
    device = await login(site, "chief")
    async with AsyncExitStack() as stack:
        browser = await (await stack.enter_async_context(Browser.open(site.urls[0]))).sign_in("chief")
        second = await (await stack.enter_async_context(Browser.open(site.urls[0]))).sign_in("chief")
        ends = [await tab(stack, second, site, 1), Ear(await stack.enter_async_context(device.socket(worker=1)))]
        passwords = {"old_password": "correct horse 9", "new_password1": ANOTHER, "new_password2": ANOTHER}
        assert (await browser.submit("/admin/password_change/", **passwords)).status_code == 302
        assert await asyncio.gather(*(each.ended(SOON) for each in ends)) == [4401, 4401]
        assert (await browser.http.get("/admin/")).status_code == 200
