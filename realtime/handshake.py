"""The handshake: authenticates the client, and checks the origin of its page.

A refused WebSocket is accepted and closed with a code, because a browser does not show a page the HTTP status.
"""

import logging
from urllib.parse import parse_qs

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import parse_cookie

from accounts.admission import HandshakeCredentials
from accounts.errors import Unauthenticated
from core import origins
from core.errors import RateLimited, RoomwireError, Unavailable
from realtime import lookups
from realtime.asgi_types import Application, ClientGone, Receive, Scope, Send, send_to
from realtime.protocol import frames
from realtime.protocol.close_codes import Close, close

logger = logging.getLogger(__name__)


class Handshake:
    """Middleware that sets `query` and `identity` in the scope; `identity` is None for a client without credentials.

    It changes the scope itself: the scope belongs to the connection, and a copy would cost a kilobyte for its life.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._admit(scope)
        if refusal is not None:
            return await refuse(scope, receive, send, *refusal)
        return await self.application(scope, receive, send)

    async def _admit(self, scope: Scope) -> tuple[Close, RoomwireError | None] | None:
        """Return the close code and the error of a refused handshake; None if it is admitted."""
        headers, query = _headers(scope), _query(scope)
        origin = headers.get("origin")  # native apps send none
        if origin is not None and not origins.is_allowed(origin, host=headers.get("host", "")):
            origins.log_refusal(origin)
            return Close.FORBIDDEN, None
        try:
            scope["identity"] = await lookups.admit(_knock(scope, headers, query))
        except Unauthenticated:
            return Close.UNAUTHENTICATED, None
        except RateLimited as limit:
            return Close.TOO_MANY, limit
        except DatabaseError as error:
            logger.error("a handshake could not be checked: %s", error)
            return Close.SERVER_ERROR, Unavailable()
        except Exception:
            logger.exception("a handshake failed")
            return Close.SERVER_ERROR, None
        scope["query"] = query
        return None


async def refuse(scope: Scope, receive: Receive, send: Send, code: Close, error: RoomwireError | None = None) -> None:
    """Accept the WebSocket, send the error, and close with the code."""
    await receive()
    try:
        await send_to(send, {"type": "websocket.accept", "subprotocol": frames.answered(scope.get("subprotocols"))})
        if error is not None:
            await send_to(send, {"type": "websocket.send", "text": frames.refusal(None, error)})
        await close(send, code)
    except (ClientGone, OSError, RuntimeError):
        logger.info("A client left during its handshake, which was refused")


def _knock(scope: Scope, headers: dict[str, str], query: dict[str, str]) -> HandshakeCredentials:
    """Return the first credential that is present. A session cookie, which browsers send unasked, counts only for an
    allowed page that sends its origin."""
    address = (scope.get("client") or [""])[0]
    if "token" in query:
        return HandshakeCredentials(address, query["token"], in_url=True)
    token = _bearer(headers)
    if token is None:
        token = _offered(scope)
    session = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    return HandshakeCredentials(address, token, session if "origin" in headers else None)


def _offered(scope: Scope) -> str | None:
    """Return the token that is offered beside the subprotocol: the only header that a browser lets a page set."""
    offered = (name for name in scope.get("subprotocols", []) if name.startswith(frames.BEARER))
    return next((name[len(frames.BEARER) :] for name in offered), None)


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by name. A repeated header is joined, so that it matches no single value."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _query(scope: Scope) -> dict[str, str]:
    """Return the parameters of the query string; of a repeated one, the first."""
    parsed = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items()}


def _bearer(headers: dict[str, str]) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
