"""Django as the application of HTTP requests: what it could not even make a request of is answered like any other."""

import os
from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

from api import problems


class _AnyContentType(HttpRequest):
    """Read a Content-Type whose parameters can't be decoded as none. The charset of a body is not the query string's,
    which is UTF-8: Django would decode both with it, and fail on some."""

    def _set_content_type_params(self, meta: Mapping[str, Any]) -> None:
        try:
            self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            self.content_type, self.content_params = "", {}


class _ASGIRequest(_AnyContentType, ASGIRequest):
    pass


class _WSGIRequest(_AnyContentType, WSGIRequest):
    pass


class ASGI(ASGIHandler):
    """Django's, which has received the whole body before it makes the request."""

    request_class = _ASGIRequest

    def create_request(
        self, scope: Mapping[str, Any], body_file: Any
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        request, refusal = super().create_request(scope, body_file)
        if refusal is not None:
            problems.restate(refusal)
        elif request is not None and "CONTENT_LENGTH" not in request.META:
            _set_length(request, body_file)
        return request, refusal  # type: ignore[return-value]  # one of the two is None


class WSGI(WSGIHandler):
    request_class = _WSGIRequest


def _set_length(request: ASGIRequest, body_file: Any) -> None:
    """Say how long a body is that came without Content-Length (config/bodies.py)."""
    length = body_file.seek(0, os.SEEK_END)
    body_file.seek(0)
    if length:
        request.META["CONTENT_LENGTH"] = str(length)
