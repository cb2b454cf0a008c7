"""Errors are problem documents: whoever raises them, in whatever mode, and readable for pages of other origins."""

import logging

import pytest
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.test import Client
from django.urls import path
from django.views.generic import TemplateView
from rest_framework.exceptions import APIException, ErrorDetail, Throttled, ValidationError
from rest_framework.views import APIView

from api import problems
from config import urls
from config.http import WSGI
from core.errors import RoomwireError

ORIGIN = "https://app.example.com"


class PaymentRequired(APIException):
    status_code = 402
    default_code = "payment_required"
    default_detail = "Pay first."


class Unprocessable(ValidationError):
    status_code = 422
    default_code = "not_processable"


class Teapot(APIException):
    """Sets a plain string where REST framework puts one with a code."""

    status_code = 418
    default_code = "teapot"

    def __init__(self):
        self.detail = "Short and stout."


class Busy(RoomwireError):
    code = "busy"
    detail = "Come back later."
    retry_after = 2.5


class Unknown(APIException):
    status_code = 499
    default_code = "client_left"


# The error, then the status, the code, the detail, and the pointers of `errors`.
CASES = {
    "throttled": (Throttled(wait=7), 429, "rate_limited", "available in 7 seconds", []),
    "throttled for an unknown time": (Throttled(), 429, "rate_limited", "throttled", []),
    "a status and a code of its own": (PaymentRequired(), 402, "payment_required", "Pay first.", []),
    "another code of that": (PaymentRequired("Top up.", "no_credit"), 402, "no_credit", "Top up.", []),
    "a known code with another status": (PaymentRequired("Go.", "not_found"), 402, "not_found", "Go.", []),
    "a list": (PaymentRequired(["One.", "Two."]), 402, "payment_required", "One.", ["#", "#"]),
    "a dictionary": (
        PaymentRequired({"card": ["Expired."], "name": {"first": [ErrorDetail("Missing.", "required")]}}),
        402,
        "payment_required",
        "#/card Expired.",
        ["#/card", "#/name/first"],
    ),
    "a validation error with another status": (Unprocessable({"a": "No."}), 422, "not_processable", "No.", ["#/a"]),
    "a plain string": (Teapot(), 418, "teapot", "Short and stout.", []),
    "a status that no RFC has": (Unknown("Left."), 499, "client_left", "Left.", []),
    "an error of the domain": (Busy(), 400, "busy", "Come back later.", []),
}
# What Django turns into pages of its own.
PAGES = {
    "not found": (Http404("nothing"), 404, "not_found"),
    "forbidden": (PermissionDenied("no"), 403, "forbidden"),
    "suspicious": (SuspiciousOperation("odd"), 400, "malformed"),
    "bad": (BadRequest("bad"), 400, "malformed"),
    "unforeseen": (ZeroDivisionError("the cause"), 500, "internal"),
}


class Raising(APIView):
    authentication_classes = ()
    permission_classes = ()
    error: Exception

    def get(self, request):
        raise Raising.error


def raising(request):
    raise Raising.error


urlpatterns = [
    path("api/v1/rest/", Raising.as_view()),
    path("plain/", raising),
    path("page/", TemplateView.as_view(template_name="none.html")),
    *urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def _addresses(settings):
    settings.ROOT_URLCONF = __name__


def ask(path, method="GET", client=None, **headers):
    client = client or Client(raise_request_exception=False)
    return client.generic(method, path, headers={"Origin": ORIGIN} | headers)


def assert_problem(answer, status, code):
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:roomwire:error:{code}"
    assert problem["title"]
    assert answer["Content-Type"] == "application/problem+json"
    assert int(answer.get("Content-Length", len(answer.content))) == len(answer.content)
    assert answer["Access-Control-Allow-Origin"] == ORIGIN
    assert "no-store" in answer["Cache-Control"]
    return problem


@pytest.mark.parametrize(("error", "status", "code", "detail", "pointers"), CASES.values(), ids=CASES)
def test_errors_with_codes_of_their_own(error, status, code, detail, pointers):
    Raising.error = error
    problem = assert_problem(ask("/api/v1/rest/"), status, code)
    assert detail in problem["detail"]
    assert [each["pointer"] for each in problem.get("errors", [])] == pointers


def test_how_long_to_wait_is_passed_on():
    for Raising.error, header, wait in ((Throttled(wait=7), "7", 7), (Busy(), "3", 2.5)):
        answer = ask("/api/v1/rest/")
        assert (answer["Retry-After"], answer.json()["retry_after"]) == (header, wait)


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("at", ["/api/v1/rest/", "/plain/"])
@pytest.mark.parametrize(("error", "status", "code"), PAGES.values(), ids=PAGES)
def test_what_django_answers_itself(settings, caplog, error, status, code, at, debug):
    settings.DEBUG, Raising.error = debug, error
    with caplog.at_level(logging.ERROR):
        assert_problem(ask(at), status, code)
    if status == 500:
        assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)


@pytest.mark.parametrize("debug", [False, True])
def test_a_host_that_is_not_allowed(settings, debug):
    settings.DEBUG = debug
    settings.SECURE_SSL_REDIRECT = True
    problem = assert_problem(ask("/api/v1/users/me/", Host="evil.example.com"), 400, "malformed")
    assert problem["detail"] == "The request could not be read."


@pytest.mark.parametrize("debug", [False, True])
def test_a_method_that_a_plain_view_does_not_take(settings, debug):
    settings.DEBUG = debug
    answer = ask("/page/", "POST")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.django_db
@pytest.mark.parametrize("debug", [False, True])
def test_a_form_without_its_csrf_token(settings, debug):
    settings.DEBUG, settings.ROOT_URLCONF = debug, "tests.admin.urls"
    settings.ADMIN = True
    client = Client(enforce_csrf_checks=True)
    assert_problem(ask("/admin/login/", "POST", client), 403, "forbidden")


UNREADABLE = ["charset*=unknown''x", "charset*=idna''%ff", "charset=base64", "charset=utf-16", "charset=idna"]


@pytest.mark.parametrize("parameter", UNREADABLE)
async def test_a_content_type_that_cannot_be_read(site, parameter):
    headers = {"Content-Type": f"application/json; {parameter}"}
    alice = await site.person("alice")
    assert (await alice.request("GET", "rooms/?limit=1", headers=headers)).status_code == 200
    answer = await alice.request("POST", "rooms/", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.django_db
@pytest.mark.parametrize("parameter", UNREADABLE)
def test_such_a_content_type_under_wsgi(rf, parameter):
    kind = f"application/json; {parameter}"
    environ = rf.generic("POST", "/nowhere", b"{}").environ | {"CONTENT_TYPE": kind, "QUERY_STRING": "limit=%C3%A9"}
    assert WSGI.request_class(environ).GET["limit"] == "é"
    heads = []
    WSGI()(environ, lambda status, headers: heads.append((status, dict(headers)["Content-Type"])))
    assert heads == [("404 Not Found", "application/problem+json")]


def test_every_status_belongs_to_a_code_once():
    assert set(problems._CODES.values()) - {"too_long", "required"} <= set(problems.STATUS)
