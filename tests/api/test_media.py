"""Bodies that are not plain JSON: 415 that says why, for every operation that has a body."""

import gzip
import json

import pytest

from accounts import devices, users
from tests.api.test_http import ANYWHERE, PASSWORD, Api
from tests.api.test_negotiation import DOCUMENT

pytestmark = pytest.mark.django_db

WITH_BODY = [
    pytest.param(method.upper(), path.format_map(dict.fromkeys(("room_id", "user_id", "message_id"), ANYWHERE)))
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
]
CODINGS = ["gzip", "deflate", "br", "zstd", "compress", "gzip, br", "identity, gzip", "x-unknown", "identity;q=1", "*"]
MEDIA_TYPES = [
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/problem+json",
    "application/vnd.api+json",
    "application/octet-stream",
    "",
    "nonsense",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=base64",
    "application/json; charset=unknown",
    "application/json" + " " * 1_000 + "; x=y",
]
JSON = [
    "application/json",
    "application/json; charset=utf-8",
    'application/json; charset="UTF-8"',
    "application/json;charset=utf8",
    "Application/JSON",
    "application/json; profile=x",
]


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


def ask(client, method, path, body, content_type="application/json", **headers):
    return client.generic(method, path, body, content_type=content_type, headers=headers)


def assert_unsupported(answer, word):
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (415, "unsupported_media_type")
    assert word in problem["detail"]
    assert (answer["Accept"], answer["Accept-Encoding"]) == ("application/json", "identity")


@pytest.mark.parametrize(("method", "path"), WITH_BODY)
def test_a_compressed_body_is_refused_everywhere(alice, method, path):
    body = gzip.compress(b'{"name": "room", "kind": "public"}')
    assert_unsupported(ask(alice, method, path, body, **{"Content-Encoding": "gzip"}), "gzip")


@pytest.mark.parametrize("coding", CODINGS)
def test_other_codings_are_refused(alice, coding):
    body = b'{"name": "room", "kind": "public"}'
    assert_unsupported(ask(alice, "POST", "/api/v1/rooms/", body, **{"Content-Encoding": coding}), coding)


@pytest.mark.parametrize("coding", ["identity", "Identity", " identity ", ""])
def test_no_coding_is_taken(alice, coding):
    body = b'{"name": "room", "kind": "public"}'
    assert ask(alice, "POST", "/api/v1/rooms/", body, **{"Content-Encoding": coding}).status_code == 201


@pytest.mark.parametrize("content_type", MEDIA_TYPES)
def test_another_media_type_is_refused(alice, content_type):
    assert_unsupported(ask(alice, "POST", "/api/v1/rooms/", b'{"name": "r", "kind": "public"}', content_type), "")


@pytest.mark.parametrize("content_type", JSON)
def test_json_in_utf_8_is_taken(alice, content_type):
    body = json.dumps({"name": "Größe 猫", "kind": "public"}, ensure_ascii=False).encode()
    answer = ask(alice, "POST", "/api/v1/rooms/", body, content_type)
    assert (answer.status_code, answer.json()["name"]) == (201, "Größe 猫")


def test_a_byte_order_mark_is_ignored(alice):
    body = b'\xef\xbb\xbf{"name": "room", "kind": "public"}'
    assert ask(alice, "POST", "/api/v1/rooms/", body).status_code == 201
    for twice in (b"\xef\xbb\xbf" + body, '{"name": "room", "kind": "public"}'.encode("utf-16")):
        answer = ask(alice, "POST", "/api/v1/rooms/", twice)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
