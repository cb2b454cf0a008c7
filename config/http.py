"""Django as the application of HTTP requests."""

from collections.abc import Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpResponse, HttpResponseBadRequest

from api import problems


class Handler(ASGIHandler):
    """Answer a request that Django can't even make an object of with a problem document too."""

    def create_request(
        self, scope: Mapping[str, Any], body_file: Any
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponse]:
        try:
            request, refusal = super().create_request(scope, body_file)
        except ValueError:  # a parameter of Content-Type is in an encoding that does not exist
            request, refusal = None, HttpResponseBadRequest()
        if refusal is not None:
            problems.restate(refusal)
        return request, refusal  # type: ignore[return-value]  # one of the two is None
