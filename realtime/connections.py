"""All connections of this process: who is there, who has outstayed their token, and whether anybody new is let in."""

import asyncio
from collections.abc import Iterator

from django.utils import timezone

from realtime.closing import Close
from realtime.connection import Connection
from realtime.tasks import Tasks

_SWEEP_SECONDS = 1.0


class Connections:
    """Once `leaving`, nobody new is let in."""

    def __init__(self) -> None:
        self.leaving = False
        self._all: dict[Connection, None] = {}
        self._tasks = Tasks()
        self._sweeping: asyncio.Task[None] | None = None

    def __iter__(self) -> Iterator[Connection]:
        """The oldest first."""
        return iter(list(self._all))

    def add(self, connection: Connection) -> None:
        self._all[connection] = None
        if self._sweeping is None:
            self._sweeping = self._tasks.spawn(self._sweep())

    def remove(self, connection: Connection) -> None:
        self._all.pop(connection, None)
        if not self._all and self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None

    async def _sweep(self) -> None:
        """A socket lives no longer than the token behind it. (A timer for each would cost a kilobyte for each.)"""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = timezone.now()
            for connection in self:
                if connection.identity.expires_at <= now:
                    del self._all[connection]
                    self._tasks.spawn(connection.close(Close.UNAUTHENTICATED))
