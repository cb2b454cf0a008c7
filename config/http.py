"""Django as the application of HTTP requests."""

import os
from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponse, HttpResponseBadRequest

from api import problems


class Handler(ASGIHandler):
    """Django's, which has received the whole body before it makes the request."""

    def create_request(
        self, scope: Mapping[str, Any], body_file: Any
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        try:
            request, refusal = super().create_request(scope, body_file)
        except ValueError:  # a parameter of Content-Type is in an encoding that does not exist
            request, refusal = None, HttpResponseBadRequest()
        if refusal is not None:
            problems.restate(refusal)
        elif request is not None and "CONTENT_LENGTH" not in request.META:
            _set_length(request, body_file)
        return request, refusal  # type: ignore[return-value]  # one of the two is None


def _set_length(request: ASGIRequest, body_file: Any) -> None:
    """Say how long a body is that came without Content-Length (config/bodies.py)."""
    length = body_file.seek(0, os.SEEK_END)
    body_file.seek(0)
    if length:
        request.META["CONTENT_LENGTH"] = str(length)
