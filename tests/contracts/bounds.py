"""Values on both sides of the bounds of a JSON Schema."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema

Json = dict[str, Any]
ID = "01a20586-83c1-7fe7-9b59-278cfc9dedf1"
# One of every JSON type. (1.0 is an integer to JSON Schema and refused by the server: tests/unit/test_protocol.py.)
_TYPES: tuple[Any, ...] = (None, True, 0, 1.5, "x", ["x"], {"a": 1})
# What some field of a type is particular about.
_PARTICULAR: dict[str, tuple[Any, ...]] = {
    "string": (
        *("", " ", "é", "a b", "a\0b", "a@b", "owner", "Owner", "public", "direct", "all", "👍"),
        *("poll.opened", "Poll", ".poll", "a..b", "1poll"),
        *(ID, ID.upper(), f"urn:uuid:{ID}", f"{{{ID}}}", ID[:-1]),
        *("2040-01-01", "2040-01-01T00:00:00", "2040-13-01T00:00:00Z", "2040-01-01T00:00:00Z"),
        *("2040-01-01T00:00:00.5+02:00", "2040-01-01T00:00:00.000000Z"),
    ),
    "integer": (1, -1, "0", False),
    "boolean": (False, "true", "yes", 1, "off"),
    "object": (
        *({}, {"a": [1, None]}, {"x": {"seq": 1}}, {ID: {"seq": 1}}, {ID: {"seq": -1}}, {ID: {"seq": "1"}}),
        *({ID: {}}, {ID: {"seq": 1, "epoch": "x"}}, {ID: {"seq": 1, "epoch": None}}, {"x": {"since": 1}}),
        *({ID: {"since": 1}}, {ID: {"since": -1}}, {ID: {"since": None}}, {ID: 1}, "{}"),
    ),
}


def values(document: Json, schema: Json) -> list[Any]:
    """Return values of any type, of this one, and strings and objects just inside and just outside their bounds."""
    types = {kind for part in _branches(document, schema) for kind in _as_list(part.get("type", ()))}
    found = [*_TYPES, *(value for kind in sorted(types) for value in _PARTICULAR.get(kind, ()))]
    for name in ("minLength", "maxLength"):
        found += ["x" * (schema[name] + change) for change in (-1, 0, 1) if name in schema]
    if "maxProperties" in schema:
        ids = [f"01890000-0000-7000-8000-{number:012d}" for number in range(schema["maxProperties"] + 1)]
        found += [{key: {"seq": 1} for key in ids[count:]} for count in (0, 1)]
    return found


def _branches(document: Json, schema: Json) -> Iterator[Json]:
    yield schema
    for part in schema.get("oneOf", ()):
        yield from _branches(document, part)
    if "$ref" in schema:
        yield document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _as_list(types: Any) -> Any:
    return [types] if isinstance(types, str) else types


def fits(document: Json, schema: Json, value: Any) -> bool:
    root = {"components": document["components"], **schema}
    return jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker()).is_valid(value)


def parts(part: Any, path: str = "#") -> Iterator[tuple[str, Json]]:
    """Yield all objects of a document, each with where it is."""
    if isinstance(part, dict):
        yield path, part
    items = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, each in items:
        yield from parts(each, f"{path}/{name}")


def schema_parts(document: Json) -> list[tuple[str, Json]]:
    """All schemas of a document, and all in them; not the objects whose keys are names, nor examples."""
    return [
        (path, part)
        for path, part in parts(document)
        if re.search(r"/(schema|schemas/\w+|properties/\w+|items|additionalProperties|propertyNames|\w+Of/\d+)$", path)
        and "/examples/" not in path
    ]
