"""One ASGI process: Django for HTTP, the realtime application for WebSockets, and what both share."""

import logging
from typing import Any

from config import starting

starting.load()

# These need the settings and the apps, which the line above has loaded.
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from chat.broadcast import announcer  # noqa: E402
from chat.messages import writer  # noqa: E402
from config.static import StaticFiles  # noqa: E402
from realtime import routing  # noqa: E402
from realtime.connections import Connections  # noqa: E402
from realtime.drain import drain  # noqa: E402
from realtime.hub import Hub  # noqa: E402
from realtime.source import Database  # noqa: E402
from realtime.threads import in_thread  # noqa: E402

logger = logging.getLogger(__name__)

_WRITER_SECONDS = 5.0

hub = Hub(Database())
connections = Connections()
websocket = routing.application(hub, connections)
http = StaticFiles(ASGIHandler())


async def application(scope: Any, receive: Any, send: Any) -> None:
    announcer.attach()
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)
    else:
        await http(scope, receive, send)


async def leave() -> None:
    """Before a server that was told to stop closes its sockets: their clients are sent elsewhere, one by one."""
    await drain(connections)


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if not await in_thread(writer.close, _WRITER_SECONDS):
        logger.error("messages are still being written after %s s", _WRITER_SECONDS)
    await hub.aclose()
    await announcer.aclose()
    await send({"type": "lifespan.shutdown.complete"})
