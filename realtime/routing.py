"""The WebSocket addresses, each behind the handshake."""

from channels.routing import URLRouter
from django.urls import re_path

from realtime.asgi import Application, Receive, Scope, Send
from realtime.closing import Close
from realtime.consumer import Consumer
from realtime.hub import Hub
from realtime.middleware import Handshake, refuse


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(receive, send, Close.NOT_FOUND)


def application(hub: Hub) -> Application:
    """The ASGI application of all WebSockets of a process."""

    async def consumer(scope: Scope, receive: Receive, send: Send) -> None:
        await Consumer(hub, scope, send).run(receive)

    router = URLRouter(
        [
            re_path(r"^ws/?$", consumer),  # type: ignore[arg-type]  # Channels routes to ASGI applications
            re_path(r"^ws/rooms/(?P<room>[^/]+)/?$", consumer),  # type: ignore[arg-type]
            re_path(r"", nowhere),  # type: ignore[arg-type]
        ]
    )
    return Handshake(router)
