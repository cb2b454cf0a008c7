"""The header `Idempotency-Key`, for operations that create: a repeated request is executed once.

Operations that return a secret (tokens, tickets) do not offer it, because their responses must not be stored.
"""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import msgspec
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import idempotency
from accounts.idempotency import Answer
from accounts.tokens import Identity
from api.target import target
from chat import wire
from core.errors import Invalid, Malformed, Violation

View = Callable[..., Response]

NAME = "Idempotency-Key"
HEADER = OpenApiParameter(
    NAME,
    {"type": "string", "minLength": 1, "maxLength": 257},
    OpenApiParameter.HEADER,
    description="A key chosen by the client, for example a UUID: up to 255 characters, with or without quotes. A"
    " request that is repeated with its key within 24 hours is executed once and returns the same response.",
)
# A String of Structured Fields (RFC 9651, section 3.3.3), or a value without the quotes, as many clients send it.
_KEY = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"|([\w.~:/+=@-]{1,255})', re.ASCII)


def idempotent(view: View) -> View:
    """Decorate a view's method that creates, so that it accepts `Idempotency-Key`. It then also raises Invalid for a
    malformed key, and what `accounts.idempotency.once` raises."""

    @extend_schema(parameters=[HEADER])
    @wraps(view)
    def answer(self: Any, request: Request, **arguments: Any) -> Response:
        key = _key(request)
        if key is None:
            return view(self, request, **arguments)

        def act() -> Answer:
            made = view(self, request, **arguments)
            return Answer(made.status_code, wire.encode(made.data).decode())

        stored = idempotency.once(
            user_id=request.user.user_id if isinstance(request.user, Identity) else None,
            operation=f"{request.method} {target(request)}",
            key=key,
            request=_canonical(request.data),
            act=act,
        )
        return Response(msgspec.Raw(stored.body.encode()), status=stored.status)

    return answer


def _key(request: Request) -> str | None:
    text = request.headers.get(NAME)
    if text is None:
        return None
    match = _KEY.fullmatch(text.strip())
    if match is None:
        raise Invalid(Violation(NAME, "invalid", "Must be 1 to 255 visible ASCII characters, for example a UUID."))
    return match[1] or match[2]


def _canonical(body: Any) -> str:
    """Return a body as JSON with sorted keys: the order of its fields does not matter. Raises Malformed."""
    try:
        return json.dumps(body, sort_keys=True)
    except RecursionError as error:
        raise Malformed("The body is nested too deeply.") from error
