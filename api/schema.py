"""The OpenAPI document: components from the structs of requests and responses, and the parts common to operations."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec
from django.conf import settings
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from api import idempotency
from api.problems import MEDIA_TYPE, Problem
from chat import fields, schemas
from chat.eventlog import event_types

Direction = Literal["request", "response"]

_SUCCESSES = {
    "200": "Success.",
    "201": "Created.",
    "202": "Accepted: the work is done after the answer.",
    "204": "Success; the answer has no body.",
}
# Descriptions of the statuses, for all operations.
_PROBLEMS = {
    "400": "The request is not JSON, has the wrong shape or breaks a rule; `errors` names each field.",
    "401": "The access token is missing, expired or revoked, or a name or password is wrong.",
    "403": "The user is not allowed to do this; `code` gives the reason.",
    "404": "The resource does not exist, or the user may not see it.",
    "409": "The request conflicts with the current state of the resource; `code` gives the reason.",
    "413": "The body is too large.",
    "415": "The body is not `application/json`.",
    "422": "This `Idempotency-Key` was sent to this address with another request.",
    "429": "Too many requests: try again after `retry_after` seconds.",
    "503": "The server cannot handle the request now: try again after `retry_after` seconds.",
}
_WAITS = {"Retry-After": {"schema": {"type": "integer", "format": "int64"}, "description": "Seconds."}}

# Statuses that can't be derived from an operation's path and body: its rate limits, refusals and conflicts.
_ALSO = {
    "auth_register": {"409", "429"},
    "auth_login": {"403", "429"},
    "auth_email_code": {"429"},
    "auth_email_verify": {"429"},
    "auth_password_change": {"429"},
    "auth_password_forgotten": {"429"},
    "auth_password_reset": {"429"},
    "auth_ticket": {"429"},
    "users_me_change": {"429"},
    "users_me_erase": {"429"},
    "users_me_export": {"429"},
    "rooms_join": {"409"},
    "rooms_leave": {"409"},
    "rooms_change": {"409"},
    "rooms_typing": {"409"},
    "members_add": {"409"},
    "members_change": {"409"},
    "members_remove": {"409"},
    "messages_send": {"409"},
    "messages_edit": {"409"},
    "reactions_add": {"409"},
    "reactions_remove": {"409"},
    "events_send": {"409"},
}

# The tags, which are the first words of operation ids, with their descriptions.
TAGS = {
    "auth": "Registration, login, devices, tokens, passwords and e-mail addresses.",
    "users": "The current user: profile, export, erasure and mentions.",
    "sync": "Everything that changed since the client's last positions.",
    "rooms": "Rooms: creation, discovery, settings, joining and leaving, read markers, typing and presence.",
    "members": "The members of a room, their roles and mutes.",
    "bans": "Users who are kept out of a room.",
    "messages": "The messages of a room, their edits and replies.",
    "reactions": "Reactions to messages.",
    "events": "The event log of a room, and custom events.",
}

_UUID = {"type": "string", "format": "uuid"}
_IN_PATH = {
    "device_id": _UUID | {"description": "The id of a device."},
    "room_id": _UUID | {"description": "The id of a room."},
    "user_id": _UUID | {"description": "The id of a user."},
    "message_id": _UUID | {"description": "The id of a message of this room."},
    "emoji": {"description": "The emoji, percent-encoded as UTF-8."},
}
# The upper bound of numbers in query strings in the document: 18 digits.
_NUMBER_MAX = 10**18 - 1


def parameter(name: str, kind: Any, description: str) -> OpenApiParameter:
    """Return a query parameter with the schema of a type."""
    return OpenApiParameter(name, schemas.of(kind), description=description)


def number(name: str, description: str, *, minimum: int = 0) -> OpenApiParameter:
    """Return a query parameter that is a whole number."""
    return parameter(name, fields.whole(minimum, _NUMBER_MAX), description)


LIMIT = number("limit", f"The maximum number of results, 50 by default and {settings.PAGE_MAX} at most.", minimum=1)


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """An extension that lets views use msgspec structs as their request and response."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        suffix = "Request" if direction == "request" else ""  # as drf-spectacular adds it for COMPONENT_SPLIT_REQUEST
        components = schemas.components([self.target], schemas.REFERENCE + suffix)
        for struct in _structs(self.target):
            auto_schema.resolve_serializer(struct, direction)  # type: ignore[arg-type]
        return components[self.target.__name__]


def _structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield the structs in the fields of a struct."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        kind = tuple[tuple(field.type for field in msgspec.structs.fields(kind))]  # type: ignore[misc]
    for part in get_args(kind):
        if isinstance(part, type) and issubclass(part, msgspec.Struct):
            yield part
        elif not isinstance(part, str):
            yield from _structs(part)


class ProblemAutoSchema(AutoSchema):
    """A schema that adds to each operation what follows from its path and body: the problems that it may answer with,
    its tag, and the bounds of its path parameters."""

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args)
        if operation and operation.get("security") == [{}]:
            operation["security"] = []  # means the same, and generators of clients understand it
        return operation

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular calls it
        """Return an empty description, so that only `extend_schema` sets one: views' docstrings are for developers."""
        return ""

    def get_tags(self) -> list[str]:
        return [str(self.get_operation_id()).partition("_")[0]]

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Return the path parameters in the order of the path, so that generated methods have their arguments in it."""
        return [self._path_parameter(name) for name in re.findall(r"{(\w+)}", self.path) if name in variables]

    def _path_parameter(self, name: str) -> dict[str, Any]:
        schema = _IN_PATH[name] | (schemas.of(fields.Emoji) if name == "emoji" else {})
        described = {"in": "path", "name": name, "required": True, "description": schema.pop("description")}
        return described | {"schema": schema}

    def _get_request_body(self, direction: Direction = "request") -> dict[str, Any] | None:
        """Return the request body. PATCH is treated like POST: drf-spectacular would make all its fields optional."""
        method, self.method = self.method, "POST" if self.method == "PATCH" else self.method
        try:
            return super()._get_request_body(direction)  # type: ignore[no-any-return, no-untyped-call]
        finally:
            self.method = method

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for status, response in responses.items():
            response["description"] = _SUCCESSES[status]
        for status in sorted(self._problem_statuses() - set(responses)):
            responses[status] = self._problem(status)
        return responses

    def _problem(self, status: str) -> dict[str, Any]:
        problem: dict[str, Any] = self._get_response_for_code(Problem, status, [MEDIA_TYPE])  # type: ignore[no-untyped-call]
        problem["description"] = _PROBLEMS[status]
        return problem | ({"headers": _WAITS} if status in ("429", "503") else {})

    def _problem_statuses(self) -> set[str]:
        statuses = {"400", "401", "503"} | _ALSO.get(str(self.get_operation_id()), set())
        if "{" in self.path:
            statuses |= {"404"}
        if "{room_id}" in self.path:
            statuses |= {"403"}
        if self._get_request_body() is not None:
            statuses |= {"413", "415"}
        if idempotency.HEADER in self.get_override_parameters():
            statuses |= {"422"}
        return statuses


def finish(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the components that no operation refers to: the named enumerations, and the `data` of each event type. This
    is a postprocessing hook of drf-spectacular."""
    found = result["components"]["schemas"] | schemas.enumerations() | schemas.components(event_types.EVENTS.values())
    event = found["Event"]
    found["Event"] = event | {"description": f"{event['description']} {_event_data()}"}
    result["components"]["schemas"] = dict(sorted(found.items()))
    result["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    return result


def _event_data() -> str:
    types: dict[str, list[str]] = {}
    for name, struct in event_types.EVENTS.items():
        types.setdefault(struct.__name__, []).append("`custom.<name>`" if name == "custom" else f"`{name}`")
    lines = [f"- {', '.join(names)}: `{struct}`" for struct, names in types.items()]
    return "The schema of `data` depends on `type`; ignore events of other types:\n\n" + "\n".join(lines)
