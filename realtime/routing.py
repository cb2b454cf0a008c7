"""The URLs of WebSockets, each behind the handshake."""

import re

from realtime.asgi_types import Application, Receive, Scope, Send
from realtime.connection.registry import Connections
from realtime.handshake import Handshake, refuse
from realtime.hub import Hub
from realtime.protocol.close_codes import Close
from realtime.session import Session

_ADDRESS = re.compile(r"/ws(?:/rooms/(?P<room>[^/]+))?/?")


def application(hub: Hub, connections: Connections) -> Application:
    """Return the ASGI application for all WebSockets of a process."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        address = _ADDRESS.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
        if address is None:
            return await refuse(scope, receive, send, Close.NOT_FOUND)
        scope["room"] = address["room"]
        return await Session(hub, connections, scope, send).run(receive)

    return Handshake(route)
