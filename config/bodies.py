"""Request bodies that come without Content-Length: `Transfer-Encoding: chunked`, and HTTP/2 behind some servers.

Django and DRF take a request without that header for one without a body, and answer as if nothing had been sent. So the
length is set from the bytes that were received.
"""

import io
import os
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from rest_framework.exceptions import ParseError

from api import problems


class Handler(ASGIHandler):
    """Django's, which has received the whole body before it makes the request."""

    def create_request(self, scope: Any, body_file: Any) -> Any:
        request, refusal = super().create_request(scope, body_file)
        if request is not None and "CONTENT_LENGTH" not in request.META:
            length = body_file.seek(0, os.SEEK_END)
            body_file.seek(0)
            if length:
                request.META["CONTENT_LENGTH"] = str(length)
        return request, refusal


def measured(application: WSGIApplication) -> WSGIApplication:
    """Wrap the application for servers that say where such a body ends, as Gunicorn does."""

    def respond(request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if request.get("wsgi.input_terminated") and not request.get("CONTENT_LENGTH"):
            try:
                # One byte more than anything here takes: a body that is cut off there is refused for its size.
                body = request["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            except OSError:
                refusal = problems.answer(ParseError("The body ends in the middle, or its chunks are malformed."))
                assert refusal is not None
                start_response(f"400 {refusal.reason_phrase}", list(refusal.items()))
                return [refusal.content]
            request["wsgi.input"], request["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return application(request, start_response)

    return respond
