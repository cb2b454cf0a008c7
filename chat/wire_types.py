"""The types of fields in the JSON that clients receive, with what the OpenAPI and AsyncAPI documents say of them."""

from typing import Annotated, Any, Literal, NewType, TypeVar
from uuid import UUID

import msgspec

# A type of its own, so that a `datetime` in these structs is a type error: the encoder writes it in several forms.
Timestamp = NewType("Timestamp", str)
_UTC = "RFC 3339 in UTC: always six digits of a second's fraction, always `Z`."
_RFC_3339 = {"format": "date-time", "examples": ["2026-11-22T23:10:31.735112Z"]}
Moment = Annotated[Timestamp, msgspec.Meta(description=_UTC, extra_json_schema=_RFC_3339)]
Value = TypeVar("Value")
_IDS = msgspec.Meta(extra_json_schema={"propertyNames": {"type": "string", "format": "uuid"}})
ById = Annotated[dict[UUID, Value], _IDS]
# An object, because generated clients have no type for "any JSON"; the struct of an event depends on its type.
_OBJECT = msgspec.Meta(extra_json_schema={"type": "object", "additionalProperties": True})
Data = Annotated[dict[str, Any], _OBJECT]
EventData = Annotated[Any, _OBJECT]

Kind = Literal["public", "private", "direct"]
Role = Literal["owner", "moderator", "member"]
CustomEvents = Annotated[Role, msgspec.Meta(description="The lowest role that may send custom events.")]
# By the names that they have in the documents.
ENUMERATIONS: dict[str, Any] = {"RoomKind": Kind, "Role": Role}
