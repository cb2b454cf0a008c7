"""JSON Schemas of the wire structs, in the form that generators of typed clients read best.

msgspec's own schemas are right, but generators make little of them: `anyOf` with null becomes a class in some
languages, an enumeration written twice becomes two types, an integer without a format is one of 32 bits, and a
property with a default is taken for one that is always there.
"""

from collections.abc import Iterable
from typing import Any, get_args

import msgspec

from chat.wire_types import ENUMERATIONS

Json = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"
_NULL = {"type": "null"}
_FORMATS = {"integer": {"format": "int64"}, "number": {"format": "double"}}


def components(structs: Iterable[type[msgspec.Struct]], reference: str = REFERENCE) -> dict[str, Json]:
    """Return the schemas of these structs and of all structs in their fields, by name. `reference` is the pointer
    from one to another; enumerations are referred to by theirs in `enumerations`."""
    wanted = list(structs)
    _, found = msgspec.json.schema_components(wanted, ref_template=reference)
    never_null = {each.__name__ for each in wanted if each.__struct_config__.omit_defaults}
    return {name: _component(schema, omits_null=name in never_null) for name, schema in found.items()}


def of(kind: Any) -> Json:
    """Return the schema of a type that has no structs in it."""
    schema: Json = _readable(msgspec.json.schema(kind))
    return schema


def enumerations() -> dict[str, Json]:
    return {name: {"type": "string", "enum": list(get_args(kind))} for name, kind in ENUMERATIONS.items()}


def _component(schema: Json, *, omits_null: bool) -> Json:
    schema = _readable(schema)
    schema.pop("title", None)  # the name again
    if "description" in schema:  # one line: Python 3.13 strips a docstring's indentation, those before it don't
        schema["description"] = " ".join(schema["description"].split())
    if not schema.get("required"):
        schema.pop("required", None)
    if omits_null:
        schema["properties"] = {name: _without_null(each) for name, each in schema["properties"].items()}
    return schema


def _without_null(schema: Json) -> Json:
    if isinstance(schema.get("type"), list):
        left = [each for each in schema["type"] if each != "null"]
        return schema | {"type": left[0] if len(left) == 1 else left}
    return schema


def _readable(part: Any) -> Any:
    if isinstance(part, list):
        return [_readable(each) for each in part]
    if not isinstance(part, dict):
        return part
    schema = {name: _readable(each) for name, each in part.items() if name not in ("default", "properties")}
    if "properties" in part:  # whose names are no keywords
        schema["properties"] = {name: _readable(each) for name, each in part["properties"].items()}
    if "anyOf" in schema:
        return _choice(schema.pop("anyOf"), schema)
    if "enum" in schema:
        return _enumeration(schema)
    return schema | _FORMATS.get(str(schema.get("type")), {})


def _enumeration(schema: Json) -> Json:
    """Name an enumeration that has a name; a single word is a constant."""
    words = schema.pop("enum")
    for name, kind in ENUMERATIONS.items():
        if set(words) == set(get_args(kind)):
            return schema | {"$ref": REFERENCE.format(name=name)}
    return {"type": "string"} | schema | ({"const": words[0]} if len(words) == 1 else {"enum": words})


def _choice(branches: list[Json], schema: Json) -> Json:
    """Merge what one list of types can say, which is what generators understand; else one of several."""
    types = [each.get("type") for each in branches]
    if "number" in types:  # every integer is one
        branches = [each for each in branches if each.get("type") != "integer"]
        types = [each.get("type") for each in branches]
    keywords = [key for each in branches for key in each if key != "type"]
    if None in types or "enum" in keywords or "const" in keywords or len(keywords) > len(set(keywords)):
        described = {key: each.pop(key) for each in branches for key in ("description",) if key in each}
        return schema | described | {"oneOf": sorted(branches, key=lambda each: each == _NULL)}
    merged = {key: value for each in branches for key, value in each.items()}
    return merged | {"type": types[0] if len(types) == 1 else types} | schema
