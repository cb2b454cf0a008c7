"""One ASGI process: Django for HTTP, the realtime application for WebSockets, and what both share."""

from typing import Any

from config import starting

starting.load()

# These need the settings and the apps, which the line above has loaded.
from django.core.handlers.asgi import ASGIHandler  # noqa: E402

from chat.broadcast import announcer  # noqa: E402
from config.static import StaticFiles  # noqa: E402
from realtime import routing  # noqa: E402
from realtime.hub import Hub  # noqa: E402
from realtime.source import Database  # noqa: E402

hub = Hub(Database())
websocket = routing.application(hub)
http = StaticFiles(ASGIHandler())


async def application(scope: Any, receive: Any, send: Any) -> None:
    announcer.attach()
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)
    else:
        await http(scope, receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await hub.aclose()
    await announcer.aclose()
    await send({"type": "lifespan.shutdown.complete"})
