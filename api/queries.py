"""Query parameters, parsed by type. Errors name the parameter."""

from uuid import UUID

from rest_framework.request import Request

from core import ids
from core.errors import Invalid, Violation

# The greatest integer in the database (64 bits).
_NUMBER_MAX = 2**63 - 1
_DIGITS_MAX = len(str(_NUMBER_MAX))


def text(request: Request, name: str) -> str | None:
    """Return the value of a parameter; None without it. Raises Invalid if it is repeated, not UTF-8 or contains NUL."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise invalid(name, "Must be given only once.")
    # Django decodes bytes that are not UTF-8 to U+FFFD.
    if any(letter in value for value in values for letter in "\0\ufffd"):
        raise invalid(name, "Must be percent-encoded UTF-8 without NUL.")
    return values[0] if values else None


def number(request: Request, name: str, *, minimum: int = 0) -> int | None:
    """Return a parameter as a whole number; None without it. Raises Invalid."""
    value = text(request, name)
    if value is None:
        return None
    is_number = value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX
    if not (is_number and minimum <= int(value) <= _NUMBER_MAX):
        raise invalid(name, f"Must be a whole number from {minimum} to {_NUMBER_MAX}.")
    return int(value)


def identifier(request: Request, name: str) -> UUID | None:
    """Return a parameter as a UUID; None without it. Raises Invalid."""
    value = text(request, name)
    if value is None:
        return None
    try:
        return ids.parse(value)
    except ValueError as error:
        raise invalid(name, str(error)) from error


def invalid(name: str, detail: str) -> Invalid:
    return Invalid(Violation(name, "invalid", detail))
