"""What the AsyncAPI document says of frames, as strictly as it can be read: what it does not name may not be there."""

from functools import cache
from typing import Any

import jsonschema

from realtime.protocol import asyncapi

Json = dict[str, Any]


def check(frame: Json) -> None:
    """A frame that the server sent of itself. Raises jsonschema.ValidationError."""
    kind = asyncapi.CUSTOM if frame["type"].startswith("custom.") else frame["type"]
    _validator(kind).validate(frame)


def check_reply(command: str, data: Any) -> None:
    """What a reply to this command says in its `data`."""
    _validator(f"{command}.reply").validate({"type": "reply", "id": 1, "ok": True, "data": data})


_document = cache(asyncapi.document)


@cache
def _validator(message: str) -> jsonschema.Draft202012Validator:
    payload = _document()["components"]["messages"][message]["payload"]
    root = {"components": {"schemas": _strict()}, **payload}
    return jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker())


@cache
def _strict() -> Json:
    schemas = _document()["components"]["schemas"]
    return {name: schema | {"additionalProperties": False} for name, schema in schemas.items()}
