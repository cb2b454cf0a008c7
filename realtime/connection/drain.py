"""Draining: asks every client to reconnect at a time of its own, and closes its connection then."""

import asyncio
import logging
import random
from contextlib import suppress

from django.conf import settings

from realtime.connection.connection import Connection
from realtime.connection.registry import Connections
from realtime.protocol import frames
from realtime.protocol.close_codes import Close

logger = logging.getLogger(__name__)

# Clients per second that the remaining processes can take over.
_CLIENTS_PER_SECOND = 250
_SENDS_SECONDS = 5.0


async def drain(connections: Connections) -> None:
    """Send `goodbye` to all clients, and close each with 1012 at its own time within REALTIME_DRAIN_SECONDS.

    Until then a connection works as usual. Call it when the server accepts no new connections, before it closes them.
    """
    connections.leaving = True
    everybody = list(connections)
    if not everybody:
        return
    window = min(settings.REALTIME_DRAIN_SECONDS, len(everybody) / _CLIENTS_PER_SECOND)
    logger.info("asking %s connections to reconnect within %.1f s", len(everybody), window)
    async with asyncio.TaskGroup() as partings:
        for place, connection in enumerate(everybody):
            seconds = window * (place + random.random()) / len(everybody)  # noqa: S311 - spread, not secret
            connection.tell(frames.goodbye("restarting", seconds))
            partings.create_task(_part(connection, seconds))


async def _part(connection: Connection, seconds: float) -> None:
    """Close a connection when its sends have been stored and answered."""
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(_SENDS_SECONDS):
            await connection.sends.empty()
    await connection.close(Close.RESTARTING)
