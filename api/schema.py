"""The OpenAPI document: components from the wire structs, and the problems every operation may answer with."""

from typing import Any, Literal

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from api.problems import MEDIA_TYPE, Problem

Direction = Literal["request", "response"]

_REFERENCE = "#/components/schemas/{name}"


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets a view name a msgspec struct as its response."""

    target_class = msgspec.Struct
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Direction) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        (_,), components = msgspec.json.schema_components([self.target], ref_template=_REFERENCE)
        own: dict[str, Any] = components.pop(self.target.__name__)
        structs = {struct.__name__: struct for struct in msgspec.Struct.__subclasses__()}
        for name in components:
            auto_schema.resolve_serializer(structs[name], direction)  # type: ignore[arg-type]
        return own


class ProblemAutoSchema(AutoSchema):
    """Adds to each operation the problems that follow from its shape: a body, a credential, a path."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self._problem_statuses():
            if status not in responses:
                problem = self._get_response_for_code(Problem, status, [MEDIA_TYPE])  # type: ignore[no-untyped-call]
                responses[status] = problem
        return responses

    def _problem_statuses(self) -> list[str]:
        statuses = ["400", "401", "503"]
        if "{" in self.path:
            statuses += ["403", "404"]
        if self.method != "GET":
            statuses += ["409", "413", "415"]
        return sorted(statuses)


def query(name: str, description: str) -> OpenApiParameter:
    """A whole number in the query string."""
    return OpenApiParameter(name, OpenApiTypes.INT64, description=description)
