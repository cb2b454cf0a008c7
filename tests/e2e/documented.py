"""What is said over HTTP, held against the OpenAPI document."""

import json
import re

import httpx
import yaml
from jsonschema import Draft202012Validator

from tests.servers import PROJECT


class Document:
    """`judge` is an event hook of httpx: it fails on an answer, or an accepted request, that is not documented."""

    def __init__(self) -> None:
        self.content = yaml.safe_load((PROJECT / "openapi" / "openapi.yaml").read_text())
        self.operations = {
            (method.upper(), re.compile(re.sub(r"{\w+}", "[0-9a-f-]{36}", path))): operation
            for path, operations in self.content["paths"].items()
            for method, operation in operations.items()
        }
        self.heard: set[tuple[str, int]] = set()

    def operation(self, method: str, path: str) -> dict:
        candidates = [
            each for (verb, pattern), each in self.operations.items() if verb == method and pattern.fullmatch(path)
        ]
        assert len(candidates) == 1, f"{method} {path}"
        return candidates[0]

    def judge(self, response: httpx.Response) -> None:
        request = response.request
        operation = self.operation(request.method, request.url.path)
        name, status = operation["operationId"], str(response.status_code)
        assert status in operation["responses"], f"{name} answers {status}: {response.read()!r}"
        self._judge_body(operation["responses"][status], response, response.read(), f"{name} {status}")
        if response.is_success:
            self._judge_body(operation.get("requestBody", {}), request, request.read(), f"{name}'s request")
        self.heard.add((name, response.status_code))

    def _judge_body(self, described: dict, message: httpx.Request | httpx.Response, body: bytes, what: str) -> None:
        described = described.get("content", {})
        kind = message.headers.get("content-type", "").partition(";")[0]
        assert list(described) == ([kind] if body else []), f"{what} has a body of {kind!r}"
        if body:
            schema = {"components": self.content["components"], **described[kind]["schema"]}
            Draft202012Validator(schema).validate(json.loads(body))
