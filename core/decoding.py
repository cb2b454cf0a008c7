"""Strict decoding of what clients send, into structs.

A value is never converted to another JSON type, and each field that does not fit gives a violation. In an optional
field, null is the same as leaving the field out.
"""

import re
from collections.abc import Iterator
from itertools import islice
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from core.errors import Invalid, Violation

_MOST = 20
_LENGTH = re.compile(r"Expected `(\w+)` of length (<=|>=) (\d+)")
_BOUND = re.compile(r"Expected `int` (<=|>=) (-?\d+)")

Form = TypeVar("Form", bound=msgspec.Struct)


def decode(form: type[Form], data: Any) -> Form:
    """Return `data`, which was decoded from JSON, as a `form`. Raises Invalid."""
    try:
        return msgspec.convert(data, form)
    except msgspec.ValidationError as error:
        raise Invalid(*violations(form, data)) from error


def violations(form: type[msgspec.Struct], data: Any) -> list[Violation]:
    """Return what is wrong with `data` as a `form`: the first 20 violations."""
    return list(islice(_problems(form, data, ""), _MOST))


def _problems(kind: Any, value: Any, path: str) -> Iterator[Violation]:
    if isinstance(value, dict):
        struct = next((each for each in _choices(kind) if _is_struct(each)), None)
        if struct is not None:
            yield from _of_fields(struct, value, path)
            return
        mapping = next((each for each in _choices(kind) if get_origin(each) is dict), None)
        if mapping is not None:
            found = list(islice(_of_entries(mapping, value, path), _MOST))
            if found:
                yield from found
                return
    yield from _of_value(kind, value, path)


def _of_fields(struct: type[msgspec.Struct], value: dict[str, Any], path: str) -> Iterator[Violation]:
    for field in msgspec.structs.fields(struct):
        name = field.encode_name
        at = f"{path}/{name}" if path else name
        if value.get(name) is not None:
            yield from _problems(field.type, value[name], at)
        elif field.required:
            yield Violation(at, "required", "This field is required and must not be null.")


def _of_entries(mapping: Any, value: dict[str, Any], path: str) -> Iterator[Violation]:
    name, item = get_args(mapping)
    for key, each in value.items():
        yield from _of_value(name, key, f"{path}/{key}")
        yield from _problems(item, each, f"{path}/{key}")


def _of_value(kind: Any, value: Any, path: str) -> Iterator[Violation]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0].replace(" | null", "")
        yield Violation(path, *_words(kind, value, reason))


def _words(kind: Any, value: Any, reason: str) -> tuple[str, str]:
    """Return the code of a violation, and its description for people."""
    if length := _LENGTH.match(reason):
        what, way, number = length.groups()
        unit = "characters" if what == "str" else "entries"
        if way == "<=":
            return "too_long", f"Must have at most {number} {unit}."
        return ("blank", "Must not be blank.") if not value else ("too_short", f"Must have at least {number} {unit}.")
    if bound := _BOUND.match(reason):
        return "out_of_range", f"Must be at {'most' if bound[1] == '<=' else 'least'} {bound[2]}."
    kinds = _choices(kind)
    if isinstance(value, str) and all(get_origin(each) is Literal for each in kinds):
        return "invalid", f"Must be one of: {', '.join(word for each in kinds for word in get_args(each))}."
    return "invalid", f"{reason}."


def _choices(kind: Any) -> list[Any]:
    """Return the types that a field accepts, without their bounds and without null."""
    if get_origin(kind) is Annotated:
        return _choices(get_args(kind)[0])
    if get_origin(kind) in (None, dict, list, Literal):
        return [] if kind is NoneType else [kind]
    return [choice for each in get_args(kind) for choice in _choices(each)]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
