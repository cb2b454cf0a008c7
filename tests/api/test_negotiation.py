"""Every operation of the OpenAPI document answers whatever `Accept` says, and to every method that HTTP has."""

import re

import pytest
import yaml
from django.test import Client

from accounts import devices, users
from tests.api.test_http import ANYWHERE, PASSWORD, Api
from tests.contracts.test_openapi import GOLDEN

pytestmark = pytest.mark.django_db

DOCUMENT = yaml.safe_load(GOLDEN.read_text())
OPERATIONS = [
    pytest.param(method.upper(), path, operation, id=operation["operationId"])
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if method in ("get", "post", "put", "patch", "delete")
]
# None ends in an answer without what was asked for.
ACCEPTS = [
    "application/problem+json",
    "text/html",
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp",
    "application/xml",
    "*/*;q=0",
    "application/json;q=0",
    "",
    "nonsense",
    ";;;",
    "application/json; indent=4",
    "a/b," * 2_000,
    "application/json; charset*=unknown''x",
    "\xff",
]


@pytest.fixture
def alice():
    users.register(username="alice", password=PASSWORD)
    return Api(devices.login(username="alice", password=PASSWORD).access_token)


def ask(client, method, path, accept, body=b"{}"):
    path = re.sub(r"\{\w+\}", ANYWHERE, path)
    return client.generic(method, path, body, content_type="application/json", headers={"Accept": accept})


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_the_declared_media_types_are_accepted(alice, method, path, operation):
    declared = sorted({kind for answer in operation["responses"].values() for kind in answer.get("content", {})})
    answer = ask(alice, method, path, ", ".join(declared))
    assert answer.status_code not in (406, 500)
    assert answer.get("Content-Type", declared[0]) in declared
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("accept", ACCEPTS)
def test_any_accept_is_answered(alice, accept):
    for method, path, status in (
        ("GET", "/api/v1/users/me/", 200),
        ("GET", "/api/v1/nowhere/", 404),
        ("GET", f"/api/v1/rooms/{ANYWHERE}/", 404),
        ("PUT", "/api/v1/rooms/", 405),
        ("GET", "/api/v1/docs/", 200),
        ("OPTIONS", "/api/v1/schema/", 200),
        ("GET", "/healthz", 200),
    ):
        assert ask(alice, method, path, accept).status_code == status, (method, path)


def test_any_accept_gets_the_document(alice):
    answers = {accept: ask(alice, "GET", "/api/v1/schema/", accept) for accept in ("text/html", "", "application/json")}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert answers["application/json"].json()["openapi"]


def test_a_parameter_does_not_choose_the_form_of_an_answer(alice):
    for form in ("xml", "json", "api", ""):
        assert alice.send("GET", f"users/me/?format={form}").headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_options_says_which_methods_there_are_to_anybody(alice, path):
    methods = {method.upper() for method in DOCUMENT["paths"][path]}
    for client in (alice, Client()):
        answer = ask(client, "OPTIONS", path, "text/html", b"")
        assert (answer.status_code, answer.content) == (200, b"")
        assert set(answer["Allow"].split(", ")) - {"HEAD", "OPTIONS"} == methods


@pytest.mark.parametrize("path", [path for path, operations in DOCUMENT["paths"].items() if "get" in operations])
def test_head_is_get_without_a_body(alice, path):
    got, head = (ask(alice, method, path, "application/json", b"") for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.get("Content-Type") == got.get("Content-Type")


@pytest.mark.parametrize("method", ["PROPFIND", "TRACE", "CONNECT", "QUERY", "REPORT", "X"])
@pytest.mark.parametrize("path", ["/api/v1/rooms/", f"/api/v1/rooms/{ANYWHERE}/", "/api/v1/schema/", "/api/v1/docs/"])
def test_an_unknown_method(alice, method, path):
    answer = ask(alice, method, path, "application/json", b"")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer["Allow"]
