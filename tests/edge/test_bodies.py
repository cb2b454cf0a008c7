"""A body is read however its end is marked: by Content-Length, by chunks, or by the protocol below."""

import json
import secrets
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import pytest
from django.conf import settings

from config import http
from tests.client import PASSWORD, Site
from tests.edge.asking import SERVERS

CHUNKED = {"Content-Type": "application/json"}


@pytest.fixture(scope="module", params=SERVERS)
def url(request, folder, variables):
    with SERVERS[request.param](folder, variables) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
async def alice(url):
    async with Site([url]).open() as site:
        yield await site.newcomer("alice")


def chunks(body: bytes):
    """An iterable has no length, so that httpx sends it in chunks."""

    async def parts():
        yield body[:3]
        yield body[3:]

    return parts()


async def chunked(person, method: str, path: str, body: object) -> httpx.Response:
    return await person.request(method, path, content=chunks(json.dumps(body).encode()), headers=CHUNKED)


async def test_every_method_that_has_a_body(alice):
    bob = await alice.site.newcomer("bob")
    room = await alice.room(bob)
    sent = await chunked(alice, "POST", f"rooms/{room}/messages/", {"body": "hello"})
    assert (sent.status_code, sent.json()["body"]) == (201, "hello")
    renamed = await chunked(alice, "PATCH", f"rooms/{room}/", {"name": "after"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "after")
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    muted = await chunked(alice, "PUT", f"rooms/{room}/members/{bob.id}/mute/", {"until": until})
    assert muted.json()["muted_until"] is not None
    edited = await chunked(alice, "PATCH", f"rooms/{room}/messages/{sent.json()['id']}/", {"body": "bye"})
    assert edited.json()["body"] == "bye"
    removed = await chunked(alice, "DELETE", f"rooms/{room}/members/{bob.id}/", {"ignored": True})
    assert removed.status_code == 204


async def test_a_body_that_is_refused(alice):
    room = await alice.room()
    path = f"rooms/{room}/messages/"
    fits = {"body": "x", "data": {}, "pad": "x" * 60_000}
    assert (await chunked(alice, "POST", path, fits)).status_code == 201
    too_large = await chunked(alice, "POST", path, {"body": "x", "pad": "x" * settings.REQUEST_MAX_BYTES})
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
    malformed = await alice.request("POST", path, content=chunks(b'{"body": "x'), headers=CHUNKED)
    assert (malformed.status_code, malformed.json()["code"]) == (400, "malformed")
    empty = await alice.request("POST", path, content=chunks(b""), headers=CHUNKED)
    assert (empty.status_code, empty.json()["errors"][0]["pointer"]) == (400, "#/body")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_form_of_the_admin_s(url, kind):
    async with httpx.AsyncClient(base_url=url) as browser:
        page = await browser.get("/admin/login/")
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        fields = {"csrfmiddlewaretoken": token, "username": f"n{secrets.token_hex(4)}", "password": PASSWORD}
        form = httpx.Request("POST", url, data=fields) if "urlencoded" in kind else None
        parts = [f'--x\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
        body = form.content if form else "".join([*parts, "--x--\r\n"]).encode()
        answer = await browser.post("/admin/login/", content=chunks(body), headers={"Content-Type": kind})
    assert answer.status_code == 200
    assert fields["username"] in answer.text, "the form is shown again, with what was sent"


@pytest.mark.parametrize(("body", "length"), [(b"{}", "2"), (b"", None)], ids=["a body", "none"])
def test_a_protocol_without_the_header(body, length):
    """HTTP/2 knows where a body ends; so do the servers that speak it."""
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}
    request, _ = http.ASGI().create_request(scope, BytesIO(body))
    assert (request.META.get("CONTENT_LENGTH"), request.read()) == (length, body)
