"""The OpenAPI document: components from the wire structs, and the problems every operation may answer with."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from api import idempotency
from api.problems import MEDIA_TYPE, Problem

Direction = Literal["request", "response"]

_REFERENCE = "#/components/schemas/{name}"

# What they mean, of any operation.
_PROBLEMS = {
    "400": "Not JSON, or not of the right shape, or against a rule: `errors` says where and which.",
    "401": "No token, or one that is expired or revoked; or a name or password that is not right.",
    "403": "Not allowed.",
    "404": "There is no such thing, or it is not yours to see.",
    "409": "It can't be so as things are: `code` says why.",
    "413": "The body is too long.",
    "415": "The body is not `application/json`.",
    "422": "This `Idempotency-Key` was sent here with another body.",
    "429": "Too often: again after `retry_after` seconds.",
    "503": "The server can't at the moment: again after `retry_after` seconds.",
}
_WAITS = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}

# What the shape of an operation doesn't tell: whose rate is limited, and what is refused to whom.
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


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets a view name a msgspec struct as its response."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        (_,), components = msgspec.json.schema_components([self.target], ref_template=_REFERENCE)
        own: dict[str, Any] = components.pop(self.target.__name__)
        if "description" in own:  # one line: Python 3.13 strips a docstring's indentation, those before it don't
            own["description"] = " ".join(own["description"].split())
        structs = {struct.__name__: struct for struct in _kinds_of(msgspec.Struct)}
        for name in components:
            auto_schema.resolve_serializer(structs[name], direction)  # type: ignore[arg-type]
        return own


def _kinds_of(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for kind in struct.__subclasses__():
        yield kind
        yield from _kinds_of(kind)


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems that it may answer with, most of which follow from its shape: a body, a
    credential, a path."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular calls it
        """What `extend_schema` says. The docstrings of views are for us."""
        return ""

    def _get_request_body(self, direction: Direction = "request") -> dict[str, Any] | None:
        """A PATCH needs all that is required of it, like anything else."""
        method, self.method = self.method, "POST" if self.method == "PATCH" else self.method
        try:
            return super()._get_request_body(direction)  # type: ignore[no-any-return, no-untyped-call]
        finally:
            self.method = method

    def _get_serializer_field_meta(self, field: Any, direction: Direction) -> dict[str, Any]:
        meta: dict[str, Any] = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
        if isinstance(field, serializers.JSONField):
            meta.pop("nullable", None)  # null is one of the things that anything is
        return meta

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
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


def query(name: str, description: str) -> OpenApiParameter:
    """A whole number in the query string."""
    return OpenApiParameter(name, OpenApiTypes.INT64, description=description)
