"""Redis dies under a running server: nobody can guess passwords uncounted, and who is signed in goes on."""

import httpx
import pytest

from devtools.process import wait_until
from devtools.valkey import Valkey
from tests.client import PASSWORD, Site
from tests.limits.conftest import LIMITED
from tests.servers import Server


@pytest.fixture
async def stopped(tmp_path, postgres_database):
    """A site with somebody signed in to it, whose Redis was stopped since."""
    with Valkey() as valkey:
        variables = {"DATABASE_URL": postgres_database(), "REDIS_URL": valkey.url, **LIMITED}
        with Server(tmp_path / "server.log", **variables) as server:
            async with Site([server.url]).open() as site:
                person = await site.newcomer()
                room = await person.room()
                valkey.stop()
                yield valkey, site, person, room


async def test_redis_down(stopped):
    valkey, site, person, room = stopped
    name = {"username": person.username}
    closed = {
        "auth/login/": name | {"password": PASSWORD},
        "auth/register/": {"username": "somebody", "password": PASSWORD},
        "auth/password/forgotten/": name,
        "auth/password/reset/": name | {"code": "12345678", "new_password": "another horse 9"},
        "auth/email/code/": name,
        "auth/email/verify/": name | {"code": "12345678"},
    }
    for path, body in closed.items():
        answer = await site.http().post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable"), path
        assert int(answer.headers["Retry-After"]) >= 1
    # What was signed in stays so, and can do all but prove itself.
    assert (await person.call("GET", "users/me/"))["id"] == person.id
    assert (await person.send(room, "hello"))["body"] == "hello"
    assert (await person.call("GET", f"rooms/{room}/messages/"))["results"]
    refreshed = await site.http().post("auth/refresh/", json={"refresh_token": person.login["refresh_token"]})
    assert refreshed.status_code == 200
    person.token = refreshed.json()["access_token"]
    assert (await person.call("GET", "users/me/export/"))["id"] == person.id
    person.token = (await person.call("POST", "auth/tickets/"))["ticket"]
    async with person.socket() as socket:
        assert (await socket.command("message.send", room=room, body="again"))["body"] == "again"
    with Valkey(port=valkey.port):
        statuses = []

        def signs_in() -> bool:
            body = name | {"password": PASSWORD}
            statuses.append(httpx.post(f"{site.urls[0]}/api/v1/auth/login/", json=body, timeout=15).status_code)
            return statuses[-1] == 200

        assert wait_until(signs_in, 20), statuses
