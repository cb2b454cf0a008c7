"""What is particular to HTTP: problem documents, pages, headers, and who may call what."""

import json
import re
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import devices, users

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse 9"
ANYWHERE = "01890000-0000-7000-8000-000000000000"


class Api(Client):
    """A signed-in client that speaks JSON."""

    def __init__(self, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(raise_request_exception=False, headers=headers)

    def send(self, method: str, path: str, body=None, **options):
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.generic(method, f"/api/v1/{path}", content, content_type="application/json", **options)


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


@pytest.fixture
def room(alice):
    return alice.send("POST", "rooms/", {"name": "room", "kind": "private"}).json()["id"]


def test_the_names_of_fields_others_build_on(alice):
    guest = Api()
    registered = guest.send("POST", "auth/register/", {"username": "bob", "password": PASSWORD, "email": "b@c.de"})
    assert registered.status_code == 201
    assert registered.json().keys() == {"user"}
    assert registered.json()["user"].keys() == {"id", "username"}
    login = guest.send("POST", "auth/login/", {"username": "bob", "password": PASSWORD, "device": "phone"})
    assert login.status_code == 200
    assert login.json().keys() == {"access_token", "expires_at", "refresh_token", "user", "device"}
    ticket = alice.send("POST", "auth/tickets/")
    assert ticket.status_code == 201
    assert ticket.json().keys() == {"ticket", "expires_at"}
    room = alice.send("POST", "rooms/", {"name": "r", "kind": "public"})
    assert room.status_code == 201
    message = alice.send("POST", f"rooms/{room.json()['id']}/messages/", {"body": "hi", "client_ref": "1"})
    assert message.status_code == 201
    assert list(message.json()) == (
        [
            "id",
            "room",
            "seq",
            "author",
            "body",
            "data",
            "client_ref",
            "reply_to",
            "mentions",
            "reactions",
            "created_at",
            "edited_at",
            "deleted_at",
        ]
    )
    again = alice.send("POST", f"rooms/{room.json()['id']}/messages/", {"body": "hi", "client_ref": "1"})
    assert (again.status_code, again.json()) == (200, message.json())
    listed = alice.send("GET", f"rooms/{room.json()['id']}/messages/").json()
    links = dict.fromkeys(("next", "previous", "next_cursor", "previous_cursor"))
    assert listed == {"results": [message.json()], "own_reactions": {}, **links}
    event = alice.send("GET", f"rooms/{room.json()['id']}/events/?after_seq=0&limit=5").json()["results"][0]
    assert event.keys() == {"type", "room", "seq", "at", "data"}


def test_oneself(alice):
    me = alice.send("GET", "users/me/").json()
    assert me.keys() == {"id", "username", "email", "pending_email", "created_at"}
    assert (me["username"], me["email"], me["pending_email"]) == ("alice", "", "")


def test_members(alice, room):
    bob = users.register(username="bob", password=PASSWORD)
    assert alice.send("POST", f"rooms/{room}/members/", {"user": str(bob.id)}).status_code == 201
    assert alice.send("POST", f"rooms/{room}/members/", {"user": str(bob.id)}).status_code == 200
    listed = alice.send("GET", f"rooms/{room}/members/").json()["results"]
    assert [(row["user"]["username"], row["role"]) for row in listed] == [("alice", "owner"), ("bob", "member")]
    his = Api(devices.login(username="bob", password=PASSWORD).access_token)
    assert his.send("POST", f"rooms/{room}/leave/").status_code == 204
    assert alice.send("DELETE", f"rooms/{room}/members/{bob.id}/").status_code == 404
    assert alice.send("POST", f"rooms/{room}/leave/").json()["code"] == "last_owner"


def test_walking_the_pages_of_rooms(alice):
    made = [alice.send("POST", "rooms/", {"name": str(n), "kind": "public"}).json()["id"] for n in range(5)]
    found, path = [], "rooms/?limit=2"
    while path:
        page = alice.send("GET", path).json()
        found += [room["id"] for room in page["results"]]
        path = page["next"] and page["next"].split("/api/v1/")[1]
    assert found == made[::-1]


def test_walking_the_pages_of_messages(alice, room):
    for number in range(5):
        alice.send("POST", f"rooms/{room}/messages/", {"body": str(number)})
    page = alice.send("GET", f"rooms/{room}/messages/?limit=2").json()
    assert [message["seq"] for message in page["results"]] == [4, 5]
    assert page["next"] is None
    page = alice.send("GET", page["previous"].split("/api/v1/")[1]).json()
    assert [message["seq"] for message in page["results"]] == [2, 3]
    page = alice.send("GET", page["next"].split("/api/v1/")[1]).json()
    assert [message["seq"] for message in page["results"]] == [4, 5]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after_seq=-1", "before_seq=1.5", "after_seq=" + "9" * 30])
def test_a_bad_query(alice, room, query):
    answer = alice.send("GET", f"rooms/{room}/messages/?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_a_limit_is_capped(alice, room):
    assert alice.send("GET", f"rooms/{room}/events/?limit=1000000").status_code == 200


BAD_JSON = {
    "empty": b"",
    "cut": b'{"body": "x',
    "NaN": b'{"body": "x", "data": NaN}',
    "Infinity": b'{"body": "x", "data": 1e999}',
    "a lone surrogate": b'{"body": "\\ud800"}',
    "not UTF-8": b'{"body": "\xff"}',
    "brackets": b"[" * 60_000,
}


@pytest.mark.parametrize("body", BAD_JSON.values(), ids=BAD_JSON.keys())
def test_what_is_not_json(alice, room, body):
    answer = alice.send("POST", f"rooms/{room}/messages/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed" if body else "invalid")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("body", [[], "x", 5, None, True, [{"body": "x"}]])
def test_json_that_is_no_object(alice, room, body):
    answer = alice.send("POST", f"rooms/{room}/messages/", json.dumps(body).encode())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_100_000_brackets(alice, room):
    assert alice.send("POST", f"rooms/{room}/messages/", b"[" * 100_000).status_code == 413


def test_64_KiB_and_not_a_byte_more(alice, room):  # noqa: N802
    body = b'{"body": "x", "pad": ""}'
    exact = body.replace(b'""', b'"' + b"x" * (65_536 - len(body)) + b'"')
    assert alice.send("POST", f"rooms/{room}/messages/", exact).status_code == 201
    answer = alice.send("POST", f"rooms/{room}/messages/", exact + b" ")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_content_type(alice, room):
    answer = alice.generic("POST", f"/api/v1/rooms/{room}/messages/", b"body=x", content_type="text/plain")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_an_invalid_field_is_pointed_at(alice, room):
    answer = alice.send("POST", f"rooms/{room}/messages/", {"body": "x" * 4_001, "reply_to": "y"}).json()
    assert answer["status"] == 400
    assert {(error["pointer"], error["code"]) for error in answer["errors"]} == {
        ("#/body", "too_long"),
        ("#/reply_to", "invalid"),
    }


def test_the_server_sets_what_is_its_own(alice, room):
    mine = {"seq": 99, "room": ANYWHERE, "author": ANYWHERE, "id": ANYWHERE, "created_at": "1999-01-01T00:00:00Z"}
    message = alice.send("POST", f"rooms/{room}/messages/", {"body": "x", **mine}).json()
    assert (message["seq"], message["room"], message["author"]["username"]) == (1, room, "alice")
    assert message["id"] != ANYWHERE
    assert not message["created_at"].startswith("1999")


def test_a_username_that_is_taken(alice):
    answer = Api().send("POST", "auth/register/", {"username": "ALICE", "password": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (409, "username_taken")


def test_a_wrong_password(alice):
    answer = Api().send("POST", "auth/login/", {"username": "alice", "password": "wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credentials")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Bearer é", "Basic YTpi", "Token x", "Bearer a b"])
def test_a_garbage_header(header):
    answer = Client().get("/api/v1/users/me/", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_an_address_that_is_not(alice):
    for path in ("nowhere/", "rooms/nonsense/", f"rooms/{ANYWHERE}/nowhere/"):
        answer = alice.send("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_method_that_is_not(alice):
    answer = alice.send("PUT", "rooms/", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


ANONYMOUS = {
    "api/v1/auth/register/",
    "api/v1/auth/login/",
    "api/v1/auth/refresh/",
    "api/v1/auth/password/forgotten/",
    "api/v1/auth/password/reset/",
    "api/v1/auth/email/code/",
    "api/v1/auth/email/verify/",
    "api/v1/schema/",
    "api/v1/docs/",
}


def _routes(patterns, prefix=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern) and prefix:
            yield prefix + str(pattern.pattern)


def test_every_route_but_the_listed_ones_asks_who_is_there():
    routes = set(_routes(get_resolver().url_patterns))
    assert routes > ANONYMOUS
    for route in routes - ANONYMOUS:
        path = "/" + re.sub("<[^>]+>", ANYWHERE, route)
        statuses = {Client().generic(method, path).status_code for method in ("GET", "POST", "PATCH", "DELETE")}
        assert statuses <= {401, 405}, route
        assert 401 in statuses


def test_every_route_of_a_room_hides_it_from_strangers(alice, room):
    users.register(username="bob", password=PASSWORD)
    stranger = Api(devices.login(username="bob", password=PASSWORD).access_token)
    # Whatever a route asks for, this has it.
    fits = {
        "user": ANYWHERE,
        "body": "x",
        "seq": 0,
        "typing": True,
        "name": "x",
        "role": "member",
        "until": "2040-01-01T00:00:00Z",
    }
    for target in (room, ANYWHERE):
        for route in _routes(get_resolver().url_patterns):
            _, found, rest = route.partition("rooms/<id:room_id>/")
            if not found:
                continue
            path = f"rooms/{target}/{rest}".replace("<id:message_id>", ANYWHERE).replace("<id:user_id>", ANYWHERE)
            path = path.replace("<path:emoji>", quote("👍"))
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answer = stranger.send(method, path, None if method == "GET" else fits)
                assert answer.status_code in (404, 405), (method, path)
                if answer.status_code == 404:
                    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://app.example.com", True), ("https://app.example.com.evil.com", False), ("null", False)],
)
def test_cors_is_exact(alice, origin, allowed):
    preflight = Client().options("/api/v1/rooms/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    for answer in (preflight, Client().get("/api/v1/rooms/", headers={"Origin": origin})):
        assert answer.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        assert "Access-Control-Allow-Credentials" not in answer


def test_probes():
    assert Client().get("/healthz").json() == {"status": "ok"}
    assert Client().get("/api/v1/healthz/").json() == {"status": "ok"}
    assert Client().get("/readyz").json() == {
        "status": "ok",
        "database": "ok",
        "layer": "ok",
        "limits": "ok",
        "presence": "ok",
    }
