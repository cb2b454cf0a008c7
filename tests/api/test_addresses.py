"""Addresses: ids in either case, with or without the last slash, and what is at none of them."""

import json
import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import resolve

from accounts import devices, users
from api.urls import urlpatterns
from tests.api.test_http import PASSWORD, Api

ID = "01890abc-def0-7000-8000-00000000abcd"
ROUTES = [f"/api/v1/{pattern.pattern}" for pattern in urlpatterns]
PATHS = [re.sub(r"<id:\w+>", ID, route).replace("<str:emoji>", "x") for route in ROUTES]


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


@pytest.mark.parametrize("path", [path for path in PATHS if ID in path])
def test_ids_of_every_address_are_read_in_either_case(path):
    small, capital = resolve(path), resolve(path.replace(ID, ID.upper()))
    assert (small.func, small.kwargs) == (capital.func, capital.kwargs)
    assert UUID(ID) in capital.kwargs.values()


SPELLINGS = {
    "no hyphens": ID.replace("-", ""),
    "braces": f"{{{ID}}}",
    "urn": f"urn:uuid:{ID}",
    "too short": ID[:-1],
    "too long": f"{ID}0",
    "other hyphens": "01890abcd-ef0-7000-8000-00000000abcd",
    "digits of another script": ID.replace("0", "\u0660"),
    "a space": f"{ID}%20",
    "the end of a line": f"{ID}%0A",
}


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_of_an_id_are_no_address(alice, spelling):
    answer = alice.send("GET", f"rooms/{spelling}/")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.django_db
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_of_an_id_are_no_position(alice, spelling):
    asked = [(alice.send("GET", f"sync/?since={spelling}.1"), "#/since")]
    if spelling != SPELLINGS["no hyphens"]:  # which bodies may have
        asked.append((alice.send("POST", "sync/", {"since": {spelling: {"seq": 1}}}), f"#/since/{spelling}"))
    for answer, pointer in asked:
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.django_db
def test_capitals_name_the_same_things_everywhere(alice):
    bob = str(users.register(username="bob", password=PASSWORD).id)
    room = alice.send("POST", "rooms/", {"name": "r", "kind": "private"}).json()
    at = f"rooms/{room['id'].upper()}/"
    assert alice.send("GET", at).json() == room
    assert alice.send("POST", f"{at}members/", {"user": bob.upper()}).status_code == 201
    assert alice.send("GET", f"{at}members/{bob.upper()}/").json()["user"]["id"] == bob
    first = alice.send("POST", f"{at}messages/", {"body": "hello"}).json()
    reply = alice.send("POST", f"{at}messages/", {"body": "yes", "reply_to": first["id"].upper()}).json()
    assert (reply["room"], reply["reply_to"]) == (room["id"], first["id"])
    position = f"{room['id'].upper()}.{reply['seq'] - 1}.{room['epoch'].upper()}"
    [change] = alice.send("GET", f"sync/?since={position}").json()["rooms"]
    assert (change["recovered"], [event["seq"] for event in change["events"]]) == (True, [reply["seq"]])
    since = {room["id"].upper(): {"seq": reply["seq"] - 1, "epoch": room["epoch"].upper()}}
    assert alice.send("POST", "sync/", {"since": since}).json()["rooms"] == [change]


async def test_capitals_name_the_same_things_on_a_socket(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket(path=f"/ws/rooms/{room.upper()}/") as socket:
        assert (await socket.wait_for(lambda frame: frame["type"] == "reply"))["data"]["room"] == room
        sent = await socket.command("message.send", room=room.upper(), body="hello")
        assert sent["room"] == room
        edited = await socket.command("message.edit", room=room.upper(), message=sent["id"].upper(), body="hi")
        assert edited["id"] == sent["id"]
        subscribed = await socket.command("room.subscribe", rooms={room.upper(): {"since": 1}})
        assert "error" not in json.dumps(subscribed)


# The last slash


@pytest.mark.django_db
@pytest.mark.parametrize("path", PATHS)
def test_every_address_is_the_same_without_its_last_slash(path):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"):
        answers = [Client().generic(method, each, b"{}", "application/json") for each in (path, path[:-1])]
        assert answers[0].status_code == answers[1].status_code
        assert answers[0].status_code not in (301, 302, 307, 308)
        assert answers[0].headers.get("Content-Type") == answers[1].headers.get("Content-Type")


@pytest.mark.django_db
def test_a_message_is_stored_without_the_last_slash(alice):
    room = alice.send("POST", "rooms", {"name": "r", "kind": "private"}).json()["id"]
    sent = alice.send("POST", f"rooms/{room}/messages", {"body": "hello"})
    assert (sent.status_code, sent.json()["body"]) == (201, "hello")
    assert alice.send("PATCH", f"rooms/{room}", {"name": "other"}).json()["name"] == "other"
    assert alice.send("PUT", f"rooms/{room}/messages/{sent.json()['id']}/reactions/%F0%9F%91%8D").json()["reactions"]


@pytest.mark.django_db
def test_a_page_is_followed_from_an_address_without_the_last_slash(alice):
    for _ in range(2):
        alice.send("POST", "rooms", {"name": "r", "kind": "private"})
    page = alice.send("GET", "rooms?limit=1").json()
    assert page["next"].startswith("http://testserver/api/v1/rooms/?")
    for path in ("rooms", "rooms/"):
        assert alice.get(f"/api/v1/{path}?limit=1&cursor={page['next_cursor']}").json()["results"]


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
def test_the_admin_is_the_same_without_its_last_slash(settings, debug):
    settings.ROOT_URLCONF, settings.ADMIN, settings.DEBUG = "tests.admin.urls", True, debug
    for method in ("GET", "POST"):
        answers = [Client().generic(method, path) for path in ("/admin/", "/admin")]
        assert [(answer.status_code, answer.get("Location")) for answer in answers] == [
            (302, "/admin/login/?next=/admin/")
        ] * 2


@pytest.mark.django_db
@pytest.mark.parametrize("prefix", ["/chat", ""])
def test_a_prefix_of_the_whole_site_is_kept(prefix):
    answer = Client(SCRIPT_NAME=prefix).get("/api/v1/users/me")
    assert answer.status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1//rooms/",
        "/api/v1/rooms//",
        "//api/v1/rooms/",
        "/api//v1/rooms/",
        "/api/v1/rooms///",
        "/api/v1",
        "/api",
        "/api/v1/nowhere",
        "/nowhere",
        "/API/V1/rooms/",
        "/static/nowhere",
        "/api/v1/rooms/%00/",
        "/api/v1/%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_no_address_is_a_problem_document(settings, alice, method, path, debug):
    settings.DEBUG = debug
    answer = alice.generic(method, path, b"{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "not_found"
