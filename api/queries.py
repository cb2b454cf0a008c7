"""Parameters of a query string: each is read as what it must be, or refused by its name."""

from uuid import UUID

from rest_framework.request import Request

from core import ids
from core.errors import Invalid, Violation

# The greatest that a database's 64 bits hold.
_NUMBER_MAX = 2**63 - 1
_DIGITS_MAX = len(str(_NUMBER_MAX))


def text(request: Request, name: str) -> str | None:
    """Return a parameter's value, None without the parameter. Raises Invalid for one that is repeated or not UTF-8."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise invalid(name, "Must be given only once.")
    # U+FFFD stands where bytes were not UTF-8.
    if any(letter in value for value in values for letter in "\0\ufffd"):
        raise invalid(name, "Must be percent-encoded UTF-8 without NUL.")
    return values[0] if values else None


def number(request: Request, name: str, *, minimum: int = 0) -> int | None:
    """Return a whole number, None without the parameter. Raises Invalid."""
    value = text(request, name)
    if value is None:
        return None
    is_number = value.isascii() and value.isdigit() and len(value) <= _DIGITS_MAX
    if not (is_number and minimum <= int(value) <= _NUMBER_MAX):
        raise invalid(name, f"Must be a whole number from {minimum} to {_NUMBER_MAX}.")
    return int(value)


def identifier(request: Request, name: str) -> UUID | None:
    """Return a UUID, None without the parameter. Raises Invalid."""
    value = text(request, name)
    if value is None:
        return None
    try:
        return ids.parse(value)
    except ValueError as error:
        raise invalid(name, str(error)) from error


def invalid(name: str, detail: str) -> Invalid:
    return Invalid(Violation(name, "invalid", detail))
