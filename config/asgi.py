"""One ASGI process: Django for HTTP, the realtime application for WebSockets, and what both share."""

from typing import Any

from django.core.asgi import get_asgi_application

from config import env

env.settings_module("config.settings.prod")
http = get_asgi_application()

# These need the settings and the apps, which the line above has loaded.
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler  # noqa: E402

from chat.broadcast import announcer  # noqa: E402
from realtime import routing  # noqa: E402
from realtime.hub import Hub  # noqa: E402

hub = Hub()
websocket = routing.application(hub)
# The API's own pages need a few files; where nginx stands in front, it serves them and this is never asked.
http = ASGIStaticFilesHandler(http)


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
