"""Validation of text and of application data that users send, the same for REST and WebSocket.

What is refused here would fail later: PostgreSQL stores neither NUL nor unpaired surrogates, and numbers outside of the
common range cannot be read by every client.
"""

from typing import Any

from chat import emojis, wire
from core import invisible_characters
from core.errors import Invalid, Violation

_EMOJI = "Must be one emoji, or a short code such as :party_parrot: (letters, digits, _, + and -)."
# Patterns of such texts in OpenAPI and AsyncAPI, in the regular expressions that all languages share.
TEXT_PATTERN = r"^[^\x00]*$"
WORDS_PATTERN = r"^\s*[^\s\x00][^\x00]*$"
LINE_PATTERN = r"^(\s*[^\s\x00][^\x00]*)?$"
EMOJI_PATTERN = r"^[^\s\x00]+$"

_DEPTH_MAX = 32
_NUMBER_MAX = 2**63


def text(field: str, value: str, *, maximum: int) -> str:
    """Return `value`, unchanged. Raises Invalid with the field and the limit in characters (code points)."""
    if len(value) > maximum:
        raise Invalid(Violation(field, "too_long", f"Must have at most {maximum} characters."))
    if not _storable(value):
        raise Invalid(Violation(field, "invalid", "Must not contain NUL or unpaired surrogates."))
    if invisible_characters.is_blank(value):
        raise Invalid(Violation(field, "blank", "Must contain at least one visible character."))
    return value


def line(field: str, value: str, *, maximum: int) -> str:
    """Return `value`, unchanged; it may be empty. Raises Invalid."""
    return text(field, value, maximum=maximum) if value else value


def emoji(field: str, value: str, *, maximum: int) -> str:
    """Return `value`, unchanged, if it is one emoji or a short code. Raises Invalid."""
    text(field, value, maximum=maximum)
    if not emojis.is_emoji(value) and not emojis.is_short_code(value):
        raise Invalid(Violation(field, "invalid", _EMOJI))
    return value


def data(field: str, value: Any, *, maximum: int) -> Any:
    """Return the data of a message, unchanged. Raises Invalid when it is neither an object nor None, or when `json`
    refuses it."""
    if not isinstance(value, dict | None):
        raise Invalid(Violation(field, "invalid", "Must be a JSON object."))
    return json(field, value, maximum=maximum)


def json(field: str, value: Any, *, maximum: int) -> Any:
    """Return `value`, unchanged. Raises Invalid when it is too deep, too big (bytes), or holds what can't be stored."""
    problem = _problem(value, _DEPTH_MAX)
    if problem:
        raise Invalid(Violation(field, "invalid", problem))
    if len(wire.encode(value)) > maximum:
        raise Invalid(Violation(field, "too_long", f"Must have at most {maximum} bytes of JSON."))
    return value


def _storable(value: str) -> bool:
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _problem(value: Any, depth: int) -> str | None:
    if depth == 0:
        return f"At most {_DEPTH_MAX} levels deep."
    if isinstance(value, str):
        return None if _storable(value) else "Must not contain NUL or unpaired surrogates."
    if isinstance(value, int | float):
        return None if abs(value) < _NUMBER_MAX else "A number is out of range."
    if isinstance(value, dict):
        return next(filter(None, (_problem(part, depth - 1) for item in value.items() for part in item)), None)
    if isinstance(value, list):
        return next(filter(None, (_problem(part, depth - 1) for part in value)), None)
    return None
