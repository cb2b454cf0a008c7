"""Cursors: signed positions at which a page of a list begins. A list accepts only cursors that it has issued itself, so
their content needs no further check."""

from typing import Any

from django.core.signing import BadSignature, Signer
from rest_framework.request import Request

from api import queries
from api.target import target

PARAMETER = "cursor"


def issue(request: Request, position: Any) -> str:
    """Return a cursor for the requested list. `position` is any JSON value."""
    return _signer(request).sign_object(position)


def read(request: Request) -> Any:
    """Return the position in the request's cursor; None without a cursor. Raises Invalid."""
    cursor = queries.text(request, PARAMETER)
    if cursor is None:
        return None
    try:
        return _signer(request).unsign_object(cursor)
    except BadSignature as error:
        raise queries.invalid(PARAMETER, "Must be a cursor of this list, such as a `next_cursor`.") from error


def _signer(request: Request) -> Signer:
    return Signer(salt=f"cursor {target(request)}")
