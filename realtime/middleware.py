"""The handshake: whose socket this is, and whether its page may open one.

A refused socket is accepted and closed with a code, because a browser shows its page no HTTP status.
"""

import logging
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import validate_host

from accounts.errors import Unauthenticated
from realtime import lookups
from realtime.asgi import Application, Receive, Scope, Send
from realtime.closing import Close, close

logger = logging.getLogger(__name__)


class Handshake:
    """Puts `query` and `identity` into the scope; the latter is None for a client that has yet to prove itself.

    The scope itself, not a copy: it is the connection's own, and a copy for life costs a kilobyte each.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._admit(scope)
        if refusal is not None:
            return await refuse(receive, send, refusal)
        return await self.application(scope, receive, send)

    async def _admit(self, scope: Scope) -> Close | None:
        """Why not, if not."""
        headers, query = _headers(scope), _query(scope)
        if not origin_allowed(headers):
            return Close.FORBIDDEN
        credential = query.get("token", _bearer(headers))
        try:
            scope["identity"] = None if credential is None else await lookups.admit(credential)
        except Unauthenticated:
            return Close.UNAUTHENTICATED
        except DatabaseError as error:
            logger.error("a handshake could not be checked: %s", error)
            return Close.SERVER_ERROR
        scope["query"] = query
        return None


async def refuse(receive: Receive, send: Send, code: Close) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await close(send, code, code.meaning)


def origin_allowed(headers: dict[str, str]) -> bool:
    """Native apps send no Origin. A page must come from a CORS origin or from this very host."""
    origin = headers.get("origin")
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    host = headers.get("host", "")
    return bool(host) and origin.partition("://")[2] == host and validate_host(_name(host), settings.ALLOWED_HOSTS)


def _name(host: str) -> str:
    """`host` without its port."""
    name, separator, port = host.rpartition(":")
    return name if separator and port.isdigit() else host


def _headers(scope: Scope) -> dict[str, str]:
    """A header that comes twice is joined, and so matches nothing it should not."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _query(scope: Scope) -> dict[str, str]:
    """The query string; of a name that comes twice, the first."""
    parsed = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items()}


def _bearer(headers: dict[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
