"""The admin in a real browser, through the shipped nginx configuration, of an installation with production settings."""

import contextlib
import os
import secrets
from dataclasses import dataclass

import pytest

from tests.client import PASSWORD, Site
from tests.servers import Server, manage
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


async def log_in(browser: Chromium, url: str) -> None:
    await browser.open(f"{url}/admin/")
    await browser.fill({"username": CHIEF, "password": PASSWORD})
    await browser.click("#login-form [type=submit]")
    assert "Site administration" in await browser.text()


async def test_log_in_and_out(installation, chromium):
    await log_in(chromium, installation.url)
    await chromium.click("#logout-form button")
    assert "Logged out" in await chromium.text()
    await chromium.open(f"{installation.url}/admin/")
    assert await chromium.wait_for("document.querySelector('#login-form') !== null")
