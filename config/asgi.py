"""The ASGI application of one process: Django for HTTP, the realtime application for WebSockets, and their shared
objects."""

import asyncio
import logging
import time
from typing import Any

from config import bootstrap

bootstrap.load()

# These imports need the settings and the apps, loaded above.
from django.conf import settings  # noqa: E402

from accounts import idempotency, revocation  # noqa: E402
from accounts.mail import mailer  # noqa: E402
from chat.eventlog import ephemeral  # noqa: E402
from chat.messages import writer  # noqa: E402
from chat.privacy import erasure, purge  # noqa: E402
from config import gc_tuning  # noqa: E402
from config.http import ASGI  # noqa: E402
from config.static import StaticFiles  # noqa: E402
from core.announcer import announcer  # noqa: E402
from core.outages import reason  # noqa: E402
from realtime import lookups, routing  # noqa: E402
from realtime.concurrency.tasks import Tasks  # noqa: E402
from realtime.concurrency.threads import aside, in_thread  # noqa: E402
from realtime.connection.drain import drain  # noqa: E402
from realtime.connection.registry import Connections  # noqa: E402
from realtime.delivery.layer_listener import Audience, no_matter  # noqa: E402
from realtime.delivery.log_generation import Continuity  # noqa: E402
from realtime.delivery.log_source import Database  # noqa: E402
from realtime.hub import Hub  # noqa: E402

logger = logging.getLogger(__name__)

_WRITER_SECONDS = 5.0

connections = Connections(lookups.dead)
revoked = Audience(revocation.ANNOUNCEMENT, connections.hear, connections.check_now, revocation.GROUP)
told = Audience(ephemeral.TO_USERS, connections.tell, no_matter, ephemeral.USERS)
hub = Hub(Database(), time.monotonic, revoked, told)
continuity = Continuity()
tasks = Tasks()
websocket = routing.application(hub, connections)
http = StaticFiles(ASGI())


async def application(scope: Any, receive: Any, send: Any) -> None:
    announcer.attach()
    continuity.start()
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "websocket":
        await websocket(scope, receive, send)
    else:
        await http(scope, receive, send)


async def leave() -> None:
    """Drain the connections: ask the clients to reconnect, and close them one by one. A stopping server calls this
    before it closes its sockets."""
    await drain(connections)


async def _resume() -> None:
    """Periodically finish erasures and room deletions that another process left incomplete, because it died or had to
    wait for a lock, and delete expired idempotency keys."""
    while True:
        for finish, what in (
            (erasure.resume, "erasures"),
            (purge.resume, "deletions of rooms"),
            (idempotency.purge, "deletions of expired idempotency keys"),
        ):
            try:
                if finished := await in_thread(finish):
                    logger.info("%s %s were finished", finished, what)
            except Exception as error:  # repeated at the next interval, when the database may answer again
                logger.error("%s can't be finished: %s", what, reason(error))
        await asyncio.sleep(settings.CLEANUP_INTERVAL.total_seconds())


async def _lifespan(receive: Any, send: Any) -> None:
    await receive()
    await continuity.decided()
    tasks.keep(_resume)
    hub.listen()
    hub.presence.start()
    gc_tuning.set_aside()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await tasks.cancel()
    if not await aside(writer.close, _WRITER_SECONDS):
        logger.error("messages are still being written after %s s", _WRITER_SECONDS)
    await hub.aclose()
    await continuity.aclose()
    await announcer.aclose()
    await aside(mailer.flush)
    await send({"type": "lifespan.shutdown.complete"})
