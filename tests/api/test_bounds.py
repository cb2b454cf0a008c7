"""The server refuses by its form what its OpenAPI document refuses, and nothing else."""

import json
import re
from urllib.parse import quote, urlencode

import pytest
from django.db import transaction

from accounts import devices, users
from tests.api.test_http import PASSWORD, Api
from tests.contracts.bounds import fits, values
from tests.contracts.test_forms import OPENAPI, OPERATIONS

pytestmark = pytest.mark.django_db

# What a field is refused with for its form, rather than for what it says.
OF_FORM = {"invalid", "required", "blank", "too_long", "too_short", "out_of_range", "password_too_short"}
# Fields whose form has a rule that no pattern tells: an address, letters and digits of any script.
IN_WORDS = {("auth_register", "username"), ("auth_register", "email"), ("users_me_change", "email")}
BODY = "application/json"


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


@pytest.fixture
def world(alice):
    bob = str(users.register(username="bob", password=PASSWORD).id)
    room = alice.send("POST", "rooms/", {"name": "room", "kind": "public"}).json()["id"]
    alice.send("POST", f"rooms/{room}/members/", {"user": bob})
    message = alice.send("POST", f"rooms/{room}/messages/", {"body": "hello"}).json()["id"]
    return {"room_id": room, "user_id": bob, "message_id": message, "emoji": "x", "device_id": bob}


def body_of(operation) -> dict | None:
    if "requestBody" not in operation:
        return None
    reference = operation["requestBody"]["content"][BODY]["schema"]["$ref"]
    return OPENAPI["components"]["schemas"][reference.rpartition("/")[2]]


def valid(name: str, schema: dict, world: dict) -> dict:
    """A body that fits, of its required fields."""
    known = {
        "username": "carol",
        "password": PASSWORD,
        "new_password": "another horse 8",
        "email": "carol@example.com",
        "code": "12345678",
        "refresh_token": "rwr_x",
        "name": "poll.opened",
        "kind": "public",
        "user": world["user_id"],
        "role": "member",
        "until": "2040-01-01T00:00:00.000000Z",
        "body": "hi",
        "seq": 0,
        "since": {},
        "typing": True,
    }
    return {field: known[field] for field in schema.get("required", ())}


def ask(api: Api, name: str, world: dict, body: dict | None = None, query: str = ""):
    """The answer; and all that came of it is undone."""
    path, operation = OPERATIONS[name]
    method = next(method for method, each in OPENAPI["paths"][path].items() if each is operation)
    with transaction.atomic():
        url = path.removeprefix("/api/v1/").format(**world)
        answer = api.send(method.upper(), url + query, body)
        transaction.set_rollback(True)
    return answer


def refused(answer, field: str) -> bool:
    """For the form of this field."""
    assert answer.status_code < 500, answer.content
    if answer.status_code != 400:
        return False
    wrong = [error for error in answer.json().get("errors", []) if error["code"] in OF_FORM]
    return any(re.match(rf"#/{field}(/|$)", error["pointer"]) for error in wrong)


FIELDS = [
    (name, field)
    for name, (_, operation) in OPERATIONS.items()
    if (schema := body_of(operation))
    for field in schema["properties"]
]


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=lambda part: part)
def test_a_field_is_refused_where_the_document_refuses_it(alice, world, settings, name, field):
    settings.RATE_LIMITS = False
    schema = body_of(OPERATIONS[name][1])
    described = schema["properties"][field]
    whole = valid(name, schema, world)
    assert not refused(ask(alice, name, world, whole), field)
    for value in values(OPENAPI, described):
        answer = ask(alice, name, world, whole | {field: value})
        if not fits(OPENAPI, described, value):
            assert refused(answer, field), (value, answer.content)
        elif (name, field) in IN_WORDS:
            continue
        else:
            assert not refused(answer, field), (value, answer.content)


@pytest.mark.parametrize("name", sorted({name for name, _ in FIELDS}))
def test_a_body_needs_what_the_document_requires(alice, world, settings, name):
    settings.RATE_LIMITS = False
    schema = body_of(OPERATIONS[name][1])
    whole = valid(name, schema, world)
    for field in schema["properties"]:
        missing = ask(alice, name, world, {each: value for each, value in whole.items() if each != field})
        nothing = ask(alice, name, world, whole | {field: None})
        if field in schema.get("required", ()):
            for answer in (missing, nothing):
                (error,) = answer.json()["errors"]
                assert (error["pointer"], error["code"]) == (f"#/{field}", "required")
        else:
            assert (nothing.status_code, _stripped(nothing)) == (missing.status_code, _stripped(missing))


def _stripped(answer) -> str:
    """Without ids, times and tokens, which are others each time."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|rw[ar]_[\w-]+", "…", answer.content.decode())
    return json.dumps(json.loads(text)) if text else ""


QUERIES = [
    (name, parameter["name"])
    for name, (_, operation) in OPERATIONS.items()
    for parameter in operation.get("parameters", [])
    if parameter["in"] == "query" and parameter["name"] not in ("cursor", "search")
]
WORDS = ["0", "1", "-1", "1.5", "x", " 1", "1 ", "1e3", "+1", "٣", "9" * 18, "9" * 19, "\0", "null", "true"]
ROOM = "01a20586-83c1-7fe7-9b59-278cfc9dedf1"
WORDS += [
    f"{ROOM}.1",
    f"{ROOM.upper()}.1",
    f"{ROOM}.1.{ROOM}",
    f"{ROOM}.1,{ROOM}.2",
    f"{ROOM}.",
    f"{ROOM}.-1",
    f"{ROOM}.x",
]
WORDS += [
    f"urn:uuid:{ROOM}.1",
    f"{{{ROOM}}}.1",
    f"{ROOM}.1.{{{ROOM}}}",
    f"{ROOM}.1;{ROOM}.2",
    f"{ROOM}.1.{ROOM}.1",
    ROOM,
]


@pytest.mark.parametrize(("name", "field"), QUERIES, ids=lambda part: part)
def test_a_parameter_is_refused_where_the_document_refuses_it(alice, world, name, field):
    (described,) = (each for each in OPERATIONS[name][1]["parameters"] if each["name"] == field)
    schema = described["schema"]
    for word in WORDS:
        value = int(word) if schema["type"] == "integer" and re.fullmatch("-?[0-9]+", word) else word
        answer = ask(alice, name, world, query=f"?{urlencode({field: word})}")
        assert refused(answer, field) == (not fits(OPENAPI, schema, value)), (word, answer.content)


@pytest.mark.parametrize("name", ["reactions_add", "reactions_remove"])
def test_an_emoji_is_refused_where_the_document_refuses_it(alice, world, name):
    (described,) = (each for each in OPERATIONS[name][1]["parameters"] if each["name"] == "emoji")
    for value in ("👍", ":x:", "x" * 65, "a b", " ", "\0", "a\tb", "a\0"):
        answer = ask(alice, name, world | {"emoji": quote(value, safe="")})
        assert refused(answer, "emoji") == (not fits(OPENAPI, described["schema"], value)), (value, answer.content)
