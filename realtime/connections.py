"""All connections of this process: who is there, who has outstayed their token, and whether anybody new is let in."""

import asyncio
from collections.abc import Iterator

from django.utils import timezone

from realtime.closing import Close
from realtime.connection import Connection

_SWEEP_SECONDS = 1.0


class Connections:
    """Once `leaving`, nobody new is let in."""

    def __init__(self) -> None:
        self.leaving = False
        self._all: dict[Connection, None] = {}
        self._sweeping: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def __iter__(self) -> Iterator[Connection]:
        """The oldest first."""
        return iter(list(self._all))

    def add(self, connection: Connection) -> None:
        self._all[connection] = None
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().create_task(self._sweep())

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
                    self._close(connection)

    def _close(self, connection: Connection) -> None:
        del self._all[connection]
        task = asyncio.get_running_loop().create_task(connection.close(Close.UNAUTHENTICATED))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
