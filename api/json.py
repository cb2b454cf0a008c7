"""A strict JSON parser for requests, and a renderer for responses that uses `chat.wire`."""

import codecs
from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from chat import wire


class TooLarge(APIException):
    status_code = 413
    default_code = "too_large"


class StrictJSONParser(BaseParser):
    """A parser of strict JSON (RFC 8259): without NaN, lone surrogates or excessive nesting, and of at most
    REQUEST_MAX_BYTES."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        if parser_context:
            require_plain_json(parser_context["request"])
        body = stream.read(settings.REQUEST_MAX_BYTES + 1)
        if len(body) > settings.REQUEST_MAX_BYTES:
            raise TooLarge(f"At most {settings.REQUEST_MAX_BYTES} bytes of JSON.")
        try:
            # Some platforms write a byte order mark before UTF-8, which a parser may ignore (RFC 8259, section 8.1).
            return msgspec.json.decode(body.removeprefix(codecs.BOM_UTF8))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ParseError(f"This is not JSON: {error}.") from error


def require_plain_json(request: HttpRequest) -> None:
    """Check the body's encodings. Raises UnsupportedMediaType for a compressed body, or a charset other than UTF-8."""
    coding = request.headers.get("Content-Encoding", "")
    if coding.strip().lower() not in ("", "identity"):
        raise UnsupportedMediaType(coding, f"Content-Encoding {coding!r} is not supported: send the body without it.")
    charset = (request.content_params or {}).get("charset", "utf-8")
    if charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType(charset, f"The charset {charset!r} is not supported: JSON is sent in UTF-8.")


class WireRenderer(BaseRenderer):
    """A renderer that encodes structs, ids and times exactly as WebSocket frames do."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else wire.encode(data)
