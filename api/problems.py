"""Errors as RFC 9457 problem documents: the one map from public codes to HTTP statuses."""

import logging
import math
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError

from accounts.errors import Invalid, RoomwireError
from chat import database, wire

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
    "not_acceptable": HTTPStatus.NOT_ACCEPTABLE,
    "username_taken": HTTPStatus.CONFLICT,
    "last_owner": HTTPStatus.CONFLICT,
    "archived": HTTPStatus.CONFLICT,
    "limit_exceeded": HTTPStatus.CONFLICT,
    "too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "unsupported_media_type": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "upgrade_required": HTTPStatus.UPGRADE_REQUIRED,
    "rate_limited": HTTPStatus.TOO_MANY_REQUESTS,
    "internal": HTTPStatus.INTERNAL_SERVER_ERROR,
    "overloaded": HTTPStatus.SERVICE_UNAVAILABLE,
    "unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}

# The words of DRF's own errors and validators, in ours.
_CODES = {
    "not_authenticated": "unauthenticated",
    "authentication_failed": "unauthenticated",
    "permission_denied": "forbidden",
    "parse_error": "malformed",
    "max_length": "too_long",
    "null": "required",
}


class ProblemError(msgspec.Struct, frozen=True):
    """One violation; `pointer` is a JSON pointer into the request body, or a query parameter's name."""

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
    """DRF's EXCEPTION_HANDLER, past the view's own renderers, which may know other things only."""
    return answer(error)


def answer(error: Exception) -> HttpResponse | None:
    """None for what nobody foresaw: Django logs it and `server_error` answers."""
    problem = _problem(error)
    if problem is None:
        return None
    headers = _headers(problem, error)
    return HttpResponse(wire.encode(problem), status=problem.status, content_type=MEDIA_TYPE, headers=headers)


def _problem(error: Exception) -> Problem | None:
    if isinstance(error, Invalid):
        errors = [ProblemError(f"#/{item.field}", item.code, item.detail) for item in error.violations]
        return _make("invalid", error.detail, errors)
    if isinstance(error, RoomwireError):
        return _make(error.code, error.detail, retry_after=error.retry_after)
    if isinstance(error, ValidationError):
        errors = list(_validation_errors(error.detail))
        return _make("invalid", "; ".join(f"{item.pointer} {item.detail}" for item in errors), errors)
    if isinstance(error, APIException):
        code = error.get_codes()
        return _make(_CODES.get(str(code), str(code)), str(error.detail))
    if isinstance(error, Http404):
        return _make("not_found", "There is no such thing, or it is not yours to see.")
    if isinstance(error, database.AWAY):
        logger.error("the database did not answer: %s", error)
        return _make("unavailable", "The database did not answer. Try again.", retry_after=1)
    return None


def _make(
    code: str, detail: str, errors: list[ProblemError] | None = None, *, retry_after: float | None = None
) -> Problem:
    status = STATUS[code]
    kind = f"urn:roomwire:error:{code}"
    return Problem(kind, status.phrase, status.value, detail, code, errors or [], retry_after)


def _headers(problem: Problem, error: Exception) -> dict[str, str]:
    headers = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(problem.retry_after)))
    return headers


def _validation_errors(detail: Any, path: str = "#") -> Iterator[ProblemError]:
    if isinstance(detail, ErrorDetail):
        code = detail.code or "invalid"
        yield ProblemError(path, _CODES.get(code, code), str(detail))
    elif isinstance(detail, dict):
        for field, inner in detail.items():
            yield from _validation_errors(inner, path if field == "non_field_errors" else f"{path}/{field}")
    else:
        for inner in detail:
            yield from _validation_errors(inner, path)


def _response(code: str, detail: str) -> HttpResponse:
    problem = _make(code, detail)
    return HttpResponse(wire.encode(problem), status=problem.status, content_type=MEDIA_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400: what never reached a view."""
    return _response("malformed", "The request could not be read.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404: no such address."""
    return _response("not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, after it has logged the traceback."""
    return _response("internal", "Something went wrong on the server.")
