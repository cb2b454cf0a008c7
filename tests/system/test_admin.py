"""The admin in a real browser, through the shipped nginx configuration, of an installation with production settings."""

import contextlib
import os
import secrets
from dataclasses import dataclass

import pytest

from chat.management.commands import seed
from tests.client import PASSWORD, Refused, Site
from tests.servers import Server, manage, migrate
from tests.system.chromium import Chromium
from tests.system.nginx import Nginx, gunicorn_command

CHIEF = "chief"


@dataclass
class Installation:
    nginx: Nginx
    site: Site

    @property
    def url(self) -> str:
        return self.nginx.url


@pytest.fixture(
    scope="module", params=[("all-asgi", True), ("all-asgi", False), ("hybrid", True)], ids=lambda shape: f"{shape}"
)
def served(request, folder, postgres_database, certificate, static_files):
    """nginx, with or without TLS, before two workers."""
    configuration, tls = request.param
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "ADMIN": "on",
        "HTTPS": "on" if tls else "off",
        "WORKERS": "2",
        "WEB_CONCURRENCY": "2",
    }
    manage(*("createsuperuser", "--noinput", "--username", CHIEF), **variables, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    with contextlib.ExitStack() as stack:
        name = f"{configuration}-{'https' if tls else 'http'}"
        web = stack.enter_context(Server(folder / f"{name}-web.log", **variables))
        rest = stack.enter_context(Server(folder / f"{name}-rest.log", gunicorn_command(), **variables))
        place = folder / name
        place.mkdir()
        (place / "static").symlink_to(static_files)
        ports = {"web": web.port, "rest": rest.port}
        yield stack.enter_context(Nginx(place, configuration + ".conf", ports, tls=certificate if tls else None))


@pytest.fixture
async def installation(served):
    async with Site([served.url]).open() as site:
        yield Installation(served, site)


@pytest.fixture
async def chromium(tmp_path):
    async with Chromium(tmp_path) as browser:
        yield browser


async def log_in(browser: Chromium, url: str, username: str = CHIEF, password: str = PASSWORD) -> None:
    await browser.open(f"{url}/admin/")
    await browser.fill({"username": username, "password": password})
    await browser.click("#login-form [type=submit]")
    assert "Site administration" in await browser.text()


async def act(browser: Chromium, url: str, action: str) -> None:
    """Do this to the first row of a list, and confirm it if the admin asks."""
    await browser.open(url)
    await browser.tick("input.action-select")
    await browser.fill({"action": action})
    await browser.click("button[name=index]")
    if "confirmed" in await browser.evaluate("document.body.innerHTML"):
        await browser.click("input[type=submit]")
    assert "Done: 1 of 1." in await browser.text()


async def test_log_in_moderate_and_log_out(installation, chromium):
    site, admin = installation.site, f"{installation.url}/admin"
    owner, member = await site.newcomer("owner"), await site.newcomer("member")
    room = await owner.room(member)
    message = await member.send(room, "what must not be said")
    membership = f"{admin}/chat/membership/?q={room}+{member.id}"

    await log_in(chromium, installation.url)
    await act(chromium, f"{admin}/chat/message/?q={message['id']}", "delete_messages")
    [tombstone] = (await owner.call("GET", f"rooms/{room}/messages/"))["results"]
    assert (tombstone["body"], bool(tombstone["deleted_at"])) == ("", True)

    await act(chromium, membership, "mute")
    with pytest.raises(Refused, match="muted"):
        await member.send(room, "something else")

    await act(chromium, membership, "ban")
    with pytest.raises(Refused, match="not_found"):
        await member.call("GET", f"rooms/{room}/")

    await act(chromium, f"{admin}/accounts/user/?q={member.id}", "deactivate")
    assert (await member.request("GET", "users/me/")).status_code == 401

    cookies = {each["name"]: each for each in (await chromium.command("Network.getCookies"))["cookies"]}
    assert cookies["sessionid"]["httpOnly"]
    for cookie in cookies.values():
        assert cookie["secure"] is installation.url.startswith("https")
        assert cookie["sameSite"] == "Lax"

    await chromium.click("#logout-form button")
    assert "Logged out" in await chromium.text()
    await chromium.open(f"{admin}/")
    assert await chromium.evaluate("document.querySelector('#login-form') !== null")


async def test_a_form_of_another_origin_is_refused(installation, chromium):
    """The policy that lets browsers name the origin of the admin's own forms opens nothing to others."""
    await log_in(chromium, installation.url)
    await chromium.open("data:text/html,<form method=post><button>x</button></form>")
    await chromium.evaluate(f"document.forms[0].action = '{installation.url}/admin/logout/'")
    await chromium.click("button")
    assert "403" in await chromium.text()


async def test_make_run_lets_its_demo_user_in(folder, chromium):
    """With the development settings: SQLite, no nginx."""
    variables = {
        "DATABASE_URL": f"sqlite:///{folder / 'chromium-dev.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "config.settings.dev",
    }
    migrate(variables["DATABASE_URL"])
    manage("seed", **variables)
    with Server(folder / "chromium-dev.log", **variables) as server:
        for host in ("127.0.0.1", "localhost"):
            await log_in(chromium, f"http://{host}:{server.port}", "alice", seed.PASSWORD)
            # The style sheets have arrived.
            colour = "getComputedStyle(document.querySelector('#header')).backgroundColor"
            assert await chromium.evaluate(colour) != "rgba(0, 0, 0, 0)"
            await chromium.click("#logout-form button")
            assert "Logged out" in await chromium.text()
