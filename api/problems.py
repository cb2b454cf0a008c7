"""Errors as RFC 9457 problem documents, with the only map from error codes to HTTP statuses."""

import logging
import math
from collections.abc import Iterator
from http import HTTPStatus
from http.client import responses
from typing import Any

import msgspec
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException, UnsupportedMediaType

from chat import wire
from core import database
from core.errors import Invalid, RoomwireError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS = {
    "invalid": HTTPStatus.BAD_REQUEST,
    "malformed": HTTPStatus.BAD_REQUEST,
    "unauthenticated": HTTPStatus.UNAUTHORIZED,
    "invalid_credentials": HTTPStatus.UNAUTHORIZED,
    "invalid_code": HTTPStatus.BAD_REQUEST,
    "email_not_verified": HTTPStatus.FORBIDDEN,
    "second_factor_required": HTTPStatus.FORBIDDEN,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_a_member": HTTPStatus.FORBIDDEN,
    "muted": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "username_taken": HTTPStatus.CONFLICT,
    "last_owner": HTTPStatus.CONFLICT,
    "archived": HTTPStatus.CONFLICT,
    "limit_exceeded": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "idempotency_key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "upgrade_required": HTTPStatus.UPGRADE_REQUIRED,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

# Roomwire's codes for the codes of DRF's errors and validators.
_CODES = {
    "not_authenticated": "unauthenticated",
    "authentication_failed": "unauthenticated",
    "permission_denied": "forbidden",
    "parse_error": "malformed",
    "throttled": "rate_limited",
    "max_length": "too_long",
    "null": "required",
}


# The code and the detail for each status that Django itself answers with an HTML page.
_PAGES: dict[int, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("malformed", "The request could not be read."),
    HTTPStatus.FORBIDDEN: ("forbidden", "This request is not allowed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is no such endpoint."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This endpoint does not support this method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The request is too large."),
    HTTPStatus.INTERNAL_SERVER_ERROR: ("internal", "The request failed on the server. The server's log has the cause."),
}


class ProblemError(msgspec.Struct, frozen=True):
    """One violation. `pointer` is `#/` and the path of a field in the request's body, or the name of a query parameter
    or a header."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457. `code` is the stable word to act on; `errors` is there for invalid input."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[ProblemError] = []
    retry_after: float | None = None


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Return the response to an error, as DRF's EXCEPTION_HANDLER. It bypasses the view's renderers, which may not be
    able to render a problem document."""
    return answer(error)


def answer(error: Exception) -> HttpResponse | None:
    """Return the problem document of an error; None for an unexpected one, which Django logs."""
    problem = _problem(error)
    if problem is None:
        return None
    headers = _headers(problem, error)
    return HttpResponse(wire.encode(problem), status=problem.status, content_type=MEDIA_TYPE, headers=headers)


def restate(response: HttpResponseBase) -> None:
    """Replace the content of Django's own error page by a problem document. Headers such as `Allow` are kept."""
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if response.status_code < HTTPStatus.BAD_REQUEST or not is_page or not isinstance(response, HttpResponse):
        return
    status = response.status_code
    code, detail = _PAGES.get(status) or ("error", response.reason_phrase)
    response.content = wire.encode(_make(code, detail, status=status))
    response.headers["Content-Type"] = MEDIA_TYPE
    if "Content-Length" in response.headers:
        response.headers["Content-Length"] = str(len(response.content))


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, Invalid):
        errors = [ProblemError(f"#/{item.field}", item.code, item.detail) for item in error.violations]
        return _make("invalid", error.detail, errors)
    if isinstance(error, RoomwireError):
        return _make(error.code, error.detail, retry_after=error.retry_after)
    if isinstance(error, APIException):
        return _of_rest_framework(error)
    if isinstance(error, Http404):
        return _make("not_found", "The resource does not exist, or you may not see it.")
    if isinstance(error, database.AWAY):
        logger.error("the database did not answer: %s", error)
        return _make("unavailable", "The database is unavailable. Try again.", retry_after=1)
    return None


def _of_rest_framework(error: APIException) -> Problem:
    """Return the problem of a DRF error. A subclass of an application keeps its status and its code."""
    wait = getattr(error, "wait", None)
    if isinstance(error.detail, str):
        code = str(getattr(error.detail, "code", None) or error.default_code)
        return _make(_CODES.get(code, code), str(error.detail), status=error.status_code, retry_after=wait)
    errors = list(_errors(error.detail))
    detail = "; ".join(f"{item.pointer} {item.detail}" for item in errors)
    return _make(error.default_code, detail, errors, status=error.status_code, retry_after=wait)


def _make(
    code: str,
    detail: str,
    errors: list[ProblemError] | None = None,
    *,
    status: int | None = None,
    retry_after: float | None = None,
) -> Problem:
    """Return a problem. The default `status` is that of the code, and 400 for a code that an application has added."""
    status = int(status or STATUS.get(code, HTTPStatus.BAD_REQUEST))
    title = responses.get(status, "Error")
    return Problem(f"urn:roomwire:error:{code}", title, status, detail, code, errors or [], retry_after)


def _headers(problem: Problem, error: Exception) -> dict[str, str]:
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    if isinstance(error, UnsupportedMediaType):  # `detail` says which one was wrong (RFC 9110, section 15.5.16)
        headers |= {"Accept": "application/json", "Accept-Encoding": "identity"}
    return headers


def _errors(detail: Any, path: str = "#") -> Iterator[ProblemError]:
    """Yield the violations in DRF's error details, which are nested like the request's body."""
    if isinstance(detail, dict):
        for field, inner in detail.items():
            yield from _errors(inner, path if field == "non_field_errors" else f"{path}/{field}")
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _errors(inner, path)
    else:
        code = str(getattr(detail, "code", None) or "invalid")
        yield ProblemError(path, _CODES.get(code, code), str(detail))
