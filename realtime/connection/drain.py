"""Leaving: every client is told when to come back, and is let go when that time has come."""

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

# How many clients a second the processes that stay can take over.
_CLIENTS_PER_SECOND = 250
_SENDS_SECONDS = 5.0


async def drain(connections: Connections) -> None:
    """Say goodbye to all, each with a moment of its own within REALTIME_DRAIN_SECONDS, and close 1012 at that moment.

    Until then a socket works as ever. To be called when the server accepts no more, before it closes everything.
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
    """What was sent before is stored and answered first."""
    await asyncio.sleep(seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(_SENDS_SECONDS):
            await connection.sends.empty()
    await connection.close(Close.RESTARTING)
