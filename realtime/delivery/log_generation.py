"""This process's part in the generations of the log (chat/eventlog/generations.py).

It decides at its start whether a new generation begins, then records every second that it is alive, and checks
whether the database is still the same.
"""

import asyncio
import logging

from chat.eventlog import generations
from realtime.concurrency.tasks import Tasks
from realtime.concurrency.threads import in_thread

logger = logging.getLogger(__name__)

_BEAT_SECONDS = 1.0
_LOOK_SECONDS = 0.2


class Continuity:
    """Checks the generation. One per server process."""

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._decided = asyncio.Event()
        self._started = False
        self._healthy = True

    def start(self) -> None:
        """Start once: at startup or with the first request, as not every ASGI server has a lifespan."""
        if not self._started:
            self._started = True
            self._tasks.spawn(self._run())

    async def decided(self) -> None:
        """Wait until the generation is decided. Does not wait for a database that is unavailable."""
        self.start()
        await self._decided.wait()

    async def aclose(self) -> None:
        await self._tasks.cancel()

    async def _run(self) -> None:
        sign: generations.Sign | None = None
        joined = False
        while True:
            try:
                if joined:
                    await in_thread(generations.beat)
                else:
                    sign = await in_thread(generations.join, sign)
                    joined = sign is None
            except Exception as error:  # tried again
                self._away(error)
            else:
                self._healthy = True
            if joined or not self._healthy:
                self._decided.set()
            await asyncio.sleep(_BEAT_SECONDS if joined else _LOOK_SECONDS)

    def _away(self, error: Exception) -> None:
        """Log the first failure of an outage, not a line per attempt."""
        log = logger.error if self._healthy else logger.debug
        log("the generation of the log can't be checked: %s", error)
        self._healthy = False
