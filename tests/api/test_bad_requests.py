"""What is asked wrongly of rooms, members, messages and positions: 400 with the field's name, and nothing happened."""

from typing import Any
from urllib.parse import quote

import pytest

from accounts import devices, users
from tests.api.test_http import ANYWHERE, PASSWORD, Api

pytestmark = pytest.mark.django_db


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


@pytest.fixture
def bob():
    return str(users.register(username="bob", password=PASSWORD).id)


@pytest.fixture
def room(alice, bob):
    made = alice.send("POST", "rooms/", {"name": "room", "kind": "public"}).json()["id"]
    alice.send("POST", f"rooms/{made}/members/", {"user": bob})
    return made


@pytest.fixture
def message(alice, room):
    return alice.send("POST", f"rooms/{room}/messages/", {"body": "hello"}).json()["id"]


def head(alice: Api, room: str) -> int:
    return alice.send("GET", f"rooms/{room}/").json()["last_seq"]


NAMES = {
    "a number": 5,
    "null": None,
    "blank": "  ",
    "invisible": "\u3164\u200b",
    "too long": "x" * 101,
    "NUL": "a\0b",
    "a list": ["x"],
}
TOPICS = {
    "a number": 5,
    "invisible": "\u2800\ufe0f",
    "too long": "x" * 501,
    "NUL": "a\0b",
    "an object": {},
}
JSON = {"too deep": {"a": nested(33)}, "too big": {"a": "x" * 17_000}, "NUL": {"\0": 1}, "out of range": {"a": 10**30}}
DATA = JSON | {"a list": [], "a text": "x", "a number": 5, "true": True}
CUSTOM_NAMES = {
    "capitals": "Poll.Opened",
    "10 000 letters": "x" * 10_000,
    "too long": "x" * 49,
    "a space": "poll opened",
    "a line's end": "poll\n",
    "a dot before": ".poll",
    "a dot after": "poll.",
    "two dots": "a..b",
    "a digit before": "1poll",
    "empty": "",
    "not ASCII": "poäll",
    "a number": 5,
    "null": None,
}
# Of a field: what is refused there.
CASES = [
    ("POST", "rooms/", {"kind": "public"}, "name", NAMES),
    ("POST", "rooms/", {"name": "x"}, "kind", {"direct": "direct", "unknown": "secret", "null": None, "a list": []}),
    ("POST", "rooms/", {"name": "x", "kind": "public"}, "topic", TOPICS),
    ("PATCH", "rooms/{room}/", {}, "name", {name: value for name, value in NAMES.items() if value is not None}),
    ("PATCH", "rooms/{room}/", {}, "topic", TOPICS),
    (
        "PATCH",
        "rooms/{room}/",
        {},
        "custom_events",
        {"unknown": "admin", "capitals": "Owner", "a list": []},
    ),
    ("POST", "rooms/direct/", {}, "user", {"nobody": ANYWHERE, "no id": "bob", "null": None, "a list": [ANYWHERE]}),
    ("POST", "rooms/{room}/members/", {}, "user", {"nobody": ANYWHERE, "no id": "bob", "a number": 5}),
    ("POST", "rooms/{room}/transfer/", {}, "user", {"no id": "bob", "null": None}),
    ("POST", "rooms/{room}/bans/", {}, "user", {"nobody": ANYWHERE, "no id": "bob"}),
    ("POST", "rooms/{room}/bans/", {"user": "{bob}"}, "reason", {"too long": "x" * 201, "NUL": "\0", "a number": 5}),
    ("PATCH", "rooms/{room}/members/{bob}/", {}, "role", {"unknown": "king", "null": None, "a number": 1}),
    (
        "PUT",
        "rooms/{room}/members/{bob}/mute/",
        {},
        "until",
        {
            "null": None,
            "no time": "tomorrow",
            "a number": 5,
            "before time": "0001-01-01T00:00:00+14:00",
            "after time": "9999-12-31T23:59:59-14:00",
            "no month": "2030-13-01T00:00:00Z",
        },
    ),
    (
        "POST",
        "rooms/{room}/read/",
        {},
        "seq",
        {"ahead": 10**30, "below": -1, "a part": 1.5, "null": None, "true": True},
    ),
    ("POST", "rooms/{room}/typing/", {}, "typing", {"a word": "maybe", "null": None, "a list": []}),
    ("POST", "rooms/{room}/events/", {}, "name", CUSTOM_NAMES),
    ("POST", "rooms/{room}/events/", {"name": "poll"}, "data", JSON),
    ("POST", "rooms/{room}/messages/", {"body": "x"}, "data", DATA),
    ("PATCH", "rooms/{room}/messages/{message}/", {}, "body", {"blank": " ", "too long": "x" * 4_001, "null": None}),
    ("PATCH", "rooms/{room}/messages/{message}/", {"body": "x"}, "data", DATA),
]
TABLE = [
    pytest.param(method, path, {**body, field: value}, field, id=f"{method} {path} {field} {name}")
    for method, path, body, field, values in CASES
    for name, value in values.items()
]


@pytest.mark.parametrize(("method", "path", "body", "field"), TABLE)
def test_a_field_that_is_wrong_is_named(alice, bob, room, message, method, path, body, field):
    known = {"room": room, "bob": bob, "message": message}
    if "user" in body and body["user"] == "{bob}":
        body = body | {"user": bob}
    before = head(alice, room)
    answer = alice.send(method, path.format(**known), body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert answer.json()["errors"][0]["pointer"].startswith(f"#/{field}")
    assert head(alice, room) == before


@pytest.mark.parametrize(
    "emoji",
    [
        *(".", "..", "/", "a/b", "../..", "%2e", "a", "+1", "👍👍", "👍\0"),
        *("x" * 10_000, "x" * 65, "a b", "\u2028", " ", "\0", "a\tb"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_is_no_emoji(alice, room, message, method, emoji):
    before = head(alice, room)
    answer = alice.send(
        method, f"rooms/{room}/messages/{message}/reactions/{quote(emoji, safe='').replace('.', '%2E')}/"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert head(alice, room) == before


def test_an_address_that_is_no_text_is_no_server_s_error(alice, room, message):
    assert alice.send("PUT", f"rooms/{room}/messages/{message}/reactions/%ff%fe/").status_code in (200, 400)


def test_what_a_change_does_not_know_changes_nothing(alice, room):
    before = alice.send("GET", f"rooms/{room}/").json()
    for body in ({}, {"colour": "red"}, {"kind": "private", "last_seq": 0, "archived_at": "2030-01-01T00:00:00Z"}):
        answer = alice.send("PATCH", f"rooms/{room}/", body)
        assert (answer.status_code, answer.json()) == (200, before)


def test_a_mute_until_a_time_that_is_past_mutes_nobody(alice, bob, room):
    answer = alice.send("PUT", f"rooms/{room}/members/{bob}/mute/", {"until": "1999-01-01T00:00:00Z"})
    assert answer.status_code in (200, 400)
    his = Api(devices.login(username="bob", password=PASSWORD).access_token)
    assert his.send("POST", f"rooms/{room}/messages/", {"body": "heard"}).status_code == 201


# Positions

SINCE = {
    "no seq": ANYWHERE,
    "an empty seq": f"{ANYWHERE}.",
    "no room": ".5",
    "a room that is no id": "room.5",
    "below": f"{ANYWHERE}.-1",
    "a part": f"{ANYWHERE}.1.5",
    "a huge seq": f"{ANYWHERE}." + "9" * 30,
    "digits of another script": f"{ANYWHERE}.٣",
    "an epoch that is no id": f"{ANYWHERE}.1.now",
    "one more part": f"{ANYWHERE}.1.{ANYWHERE}.1",
    "NUL": "\0",
    "one good and one bad": f"{ANYWHERE}.1,x",
    "a thousand and one": ",".join(f"01890000-0000-7000-8000-{n:012d}.1" for n in range(1_001)),
}


@pytest.mark.parametrize("since", SINCE.values(), ids=SINCE.keys())
def test_a_since_that_is_none(alice, since):
    answer = alice.send("GET", f"sync/?since={quote(since)}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert answer.json()["errors"][0]["pointer"] == "#/since"


POSITIONS = {
    "nothing": {},
    "null": {"since": None},
    "a list": {"since": [ANYWHERE]},
    "a text": {"since": f"{ANYWHERE}.1"},
    "a bare seq": {"since": {ANYWHERE: 5}},
    "no seq": {"since": {ANYWHERE: {}}},
    "below": {"since": {ANYWHERE: {"seq": -1}}},
    "a part": {"since": {ANYWHERE: {"seq": 1.5}}},
    "an epoch that is no id": {"since": {ANYWHERE: {"seq": 1, "epoch": "now"}}},
    "a room that is no id": {"since": {"room": {"seq": 1}}},
    "NUL": {"since": {"\0": {"seq": 1}}},
    "a thousand and one": {"since": {f"01890000-0000-7000-8000-{n:012d}": {"seq": 1} for n in range(1_001)}},
}


@pytest.mark.parametrize("body", POSITIONS.values(), ids=POSITIONS.keys())
def test_positions_that_are_none(alice, body):
    answer = alice.send("POST", "sync/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid"), answer.content
    assert answer.json()["errors"][0]["pointer"].startswith("#/since")


def test_a_position_beyond_all_numbers_is_one_that_is_ahead(alice, room):
    answer = alice.send("POST", "sync/", {"since": {room: {"seq": 10**40}}}).json()
    assert [(change["recovered"], change["events"]) for change in answer["rooms"]] == [(False, [])]


def test_300_positions_fit_a_request(alice, room):
    since = {f"01890000-0000-7000-8000-{n:012d}": {"seq": n, "epoch": ANYWHERE} for n in range(300)}
    answer = alice.send("POST", "sync/", {"since": since | {room: {"seq": 1}}})
    assert answer.status_code == 200, answer.content
    assert set(answer.json()["removed"]) == set(since)
