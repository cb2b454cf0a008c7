"""The WebSocket addresses, each behind the handshake."""

import re

from realtime.asgi import Application, Receive, Scope, Send
from realtime.closing import Close
from realtime.connections import Connections
from realtime.consumer import Consumer
from realtime.hub import Hub
from realtime.middleware import Handshake, refuse

_ADDRESS = re.compile(r"/ws(?:/rooms/(?P<room>[^/]+))?/?")


def application(hub: Hub, connections: Connections) -> Application:
    """The ASGI application of all WebSockets of a process."""

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        address = _ADDRESS.fullmatch(scope["path"].removeprefix(scope.get("root_path", "")))
        if address is None:
            return await refuse(scope, receive, send, Close.NOT_FOUND)
        scope["room"] = address["room"]
        return await Consumer(hub, connections, scope, send).run(receive)

    return Handshake(route)
