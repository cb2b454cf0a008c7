"""Request bodies without Content-Length: `Transfer-Encoding: chunked`, and HTTP/2 behind some servers.

Django and DRF treat a request without that header as one without a body. So the length is set from the bytes that were
received.
"""

import io
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from rest_framework.exceptions import ParseError

from api import problems


def measured(application: WSGIApplication) -> WSGIApplication:
    """Wrap the application for servers that end the input stream with such a body, as Gunicorn does
    (`wsgi.input_terminated`)."""

    def respond(request: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if request.get("wsgi.input_terminated") and not request.get("CONTENT_LENGTH"):
            try:
                # Read one byte more than the largest accepted body: a longer one is then refused for its size.
                body = request["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            except OSError:
                refusal = problems.answer(ParseError("The body ends in the middle, or its chunks are malformed."))
                assert refusal is not None
                start_response(f"400 {refusal.reason_phrase}", list(refusal.items()))
                return [refusal.content]
            request["wsgi.input"], request["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        return application(request, start_response)

    return respond
