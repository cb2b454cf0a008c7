"""A Django session's cookie: good for the socket of a page that may open one, and for nothing else."""

import json
import os
import secrets
from contextlib import ExitStack

import pytest

from tests.client import Site
from tests.realtime.browser import BOSS, Browser, employ
from tests.realtime.ways import ALLOWED, FOREIGN, NOTHING, Way, in_cookie, in_first_frame, in_header, in_query
from tests.servers import OTHERS, Server, manage, migrate


@pytest.fixture(scope="module", params=["embedded", "cluster", *OTHERS])
def installation(request, folder, postgres_database):
    """Of each kind, with the admin: where it listens, and its database."""
    kind = request.param
    shared = {"ADMIN": "on", "DATABASE_URL": f"sqlite:///{folder / f'pages-{kind}.sqlite3'}"}
    if kind == "cluster":
        redis = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4)}
        shared |= redis | {"DATABASE_URL": postgres_database()}
    else:
        migrate(shared["DATABASE_URL"])
    employ(DATABASE_URL=shared["DATABASE_URL"])
    command = OTHERS.get(kind, "config.serve")
    with ExitStack() as stack:
        count = 2 if kind == "cluster" else 1
        logs = [folder / f"pages-{kind}-{number}.log" for number in range(count)]
        servers = [stack.enter_context(Server(log, command, **shared)) for log in logs]
        yield [server.url for server in servers], shared["DATABASE_URL"]


@pytest.fixture
async def site(installation):
    async with Site(installation[0]).open() as opened:
        yield opened


@pytest.fixture
async def browser(site):
    async with Browser.open(site.urls[0]) as browser:
        yield await browser.sign_in()


def shell(installation, code: str) -> None:
    imports = "from accounts.models import Session; from django.utils import timezone; "
    manage("shell", "--verbosity", "0", "-c", imports + code, DATABASE_URL=installation[1])


async def name_of(way: Way, site: Site, **headers: str) -> str:
    async with way.dial(site, **headers) as socket:
        return (await socket.frame())["user"]["username"]


async def test_a_page_of_the_site_needs_nothing_but_its_cookie(site, browser):
    assert await name_of(in_cookie(browser.key), site, Origin=site.urls[0]) == BOSS


async def test_a_page_of_an_allowed_origin_too(site, browser):
    assert await name_of(in_cookie(browser.key), site, **ALLOWED) == BOSS


async def test_on_any_worker(site, browser):
    async with in_cookie(browser.key).dial(site, 1, Origin=site.urls[1 % len(site.urls)]) as socket:
        assert (await socket.frame())["user"]["username"] == BOSS


async def test_without_an_origin_it_does_not_count(site, browser):
    """Nobody yet: the first frame may still tell."""
    async with in_cookie(browser.key).dial(site) as socket:
        await socket.connection.send('{"type":"ping"}')
        assert (await socket.frame())["error"]["code"] == "unauthenticated"


async def test_a_foreign_page_is_refused(site, browser):
    assert await in_cookie(browser.key).outcome(site, **FOREIGN) == 4403
    assert await in_cookie(browser.key).outcome(site, Origin="null") == 4403


async def test_a_cookie_that_is_nobody_s_is_like_none(site):
    alice = await site.person("alice")
    for key in ("", "x", "x" * 32, "X" * 32, "é" * 16, "x" * 3_000, "%00", '"a\\000b"'):
        way = Way("", headers={"Cookie": f"sessionid={key}".encode().decode("latin-1")})
        assert await (way + in_first_frame(alice.token)).outcome(site, **ALLOWED) == alice.id


async def test_who_signed_out_is_nobody(site, browser):
    alice = await site.person("alice")
    key = browser.key
    await browser.sign_out()
    assert await (in_cookie(key) + in_first_frame(alice.token)).outcome(site, **ALLOWED) == alice.id


async def test_a_token_counts_before_the_cookie_good_or_bad(site, browser):
    alice = await site.person("alice")
    for way in (in_query, in_header):
        assert await (way(alice.token) + in_cookie(browser.key)).outcome(site, **ALLOWED) == alice.id
        assert await (way("nonsense") + in_cookie(browser.key)).outcome(site, **ALLOWED) == 4401


async def test_a_cookie_s_socket_keeps_its_user(site, browser):
    alice = await site.person("alice")
    async with in_cookie(browser.key).dial(site, **ALLOWED) as socket:
        await socket.frame()
        await socket.connection.send(json.dumps({"type": "authenticate", "id": 1, "token": alice.token}))
        assert (await socket.frame())["error"]["code"] == "forbidden"
        room = await alice.room(kind="public")
        await socket.command("room.subscribe", room=room)
        await alice.send(room, "heard by cookie")
        assert (await socket.event())["data"]["body"] == "heard by cookie"


async def test_rest_takes_no_cookie(site, browser):
    """So there is no request to forge, and nothing for CSRF to be in the way of."""
    for headers in ({}, ALLOWED, {"Origin": site.urls[0]}):
        for method, path in (("GET", "users/me/"), ("POST", "rooms/"), ("POST", "auth/logout/"), ("GET", "rooms/")):
            answer = await browser.http.request(method, f"/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await name_of(in_cookie(browser.key), site, **ALLOWED) == BOSS


async def test_rest_goes_on_with_a_token_beside_a_cookie(site, browser):
    alice = await site.person("alice")
    headers = {"Authorization": f"Bearer {alice.token}"}
    answer = await browser.http.post("/api/v1/rooms/", json={"name": "x", "kind": "private"}, headers=headers)
    assert answer.status_code == 201


async def test_a_session_that_has_expired_is_nobody_s(site, installation):
    alice = await site.person("alice")
    async with Browser.open(site.urls[0]) as browser:
        key = (await browser.sign_in()).key
        shell(installation, f"assert Session.objects.filter(pk={key!r}).update(expire_date=timezone.now()) == 1")
        assert await (in_cookie(key) + in_first_frame(alice.token)).outcome(site, **ALLOWED) == alice.id


async def test_the_database_knows_no_cookie(site, installation, browser):
    shell(installation, f"rows = str(list(Session.objects.values())); assert rows and {browser.key!r} not in rows")


async def test_nothing_at_all_is_nobody(site):
    async with NOTHING.dial(site, **ALLOWED) as socket:
        await socket.connection.send('{"type":"ping"}')
        assert (await socket.frame())["error"]["code"] == "unauthenticated"
