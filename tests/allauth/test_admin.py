"""The admin takes no password alone, of those who have a second factor; and Gunicorn serves all of it like uvicorn."""

import re

import httpx
import pytest

from tests.allauth.codes import code_now
from tests.allauth.people import Doors
from tests.client import PASSWORD, Site
from tests.servers import Server

GUNICORN = "gunicorn --bind 127.0.0.1:{port} config.wsgi:application"


@pytest.fixture(scope="module", params=["config.serve", GUNICORN], ids=["uvicorn", "gunicorn"])
def admin_urls(request, folder, extra_cluster):
    log = folder / f"admin-{request.param.split('.')[0].split()[0]}.log"
    with Server(log, request.param, **extra_cluster, ADMIN="on") as server:
        yield [server.url]


@pytest.fixture
async def admin(admin_urls):
    async with Site(admin_urls).open() as site:
        yield Doors(site)


async def entered(doors: Doors, username: str, **fields: str) -> bool:
    async with httpx.AsyncClient(base_url=doors.site.urls[0], timeout=15) as browser:
        page = await browser.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)[1]
        assert 'name="code"' in page.text
        form = {"csrfmiddlewaretoken": token, "username": username, "password": PASSWORD, "next": "/admin/"} | fields
        await browser.post("/admin/login/", data=form)
        return (await browser.get("/admin/")).status_code == 200


async def test_the_admin_asks_for_a_code(admin, extra_shell):
    person, secret, codes = await admin.guarded()
    extra_shell(
        "from accounts.models import User;"
        f"User.objects.filter(id='{person.id}').update(is_staff=True, is_superuser=True)"
    )
    assert not await entered(admin, person.username)
    assert not await entered(admin, person.username, code="12345678")
    assert not await entered(admin, person.username, code=codes[0], password="wrong 123456")
    assert await entered(admin, person.username, code=codes[0])
    assert not await entered(admin, person.username, code=codes[0])
    assert await entered(admin, person.username, code=await code_now(secret))


async def test_the_admin_asks_nobody_else(admin, extra_shell):
    person = await admin.site.newcomer()
    extra_shell(f"from accounts.models import User; User.objects.filter(id='{person.id}').update(is_staff=True)")
    assert await entered(admin, person.username)


async def test_the_walk(admin):
    person, _, codes = await admin.guarded()
    login = {"username": person.username, "password": PASSWORD}
    assert (await admin.site.http().post("auth/login/", json=login)).json()["code"] == "second_factor_required"
    signed_in = await admin.sign_in(person.username, codes[0])
    assert (await signed_in.call("GET", "users/me/"))["id"] == person.id
    assert (await admin.request("DELETE", "auth/session", token=signed_in.token)).status_code == 401
    assert (await admin.request("GET", "auth/session", token=signed_in.token)).status_code == 401
