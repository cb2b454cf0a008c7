"""Django's ASGI and WSGI handlers, which also answer malformed requests with problem documents."""

import os
from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

from api import problems


class _AnyContentType(HttpRequest):
    """A request that treats a Content-Type with undecodable parameters as absent, and always decodes the query string
    as UTF-8: Django would use the body's charset for it too, and fail with some."""

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
    """Django's ASGI handler, which receives the whole body before it creates the request."""

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
    """Set CONTENT_LENGTH for a body that was sent without it (config/bodies.py)."""
    length = body_file.seek(0, os.SEEK_END)
    body_file.seek(0)
    if length:
        request.META["CONTENT_LENGTH"] = str(length)
