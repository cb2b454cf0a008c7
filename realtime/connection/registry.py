"""All connections of this process: admission, expiry and revocation.

A connection lives no longer than its credentials. Their expiry is known; their revocation is announced and, as an
announcement may be lost, the database is asked periodically too.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.tokens import Identity
from chat import wire
from core.outages import reason
from realtime.concurrency.tasks import Tasks
from realtime.connection.connection import Connection
from realtime.connection.revocations import Revoked
from realtime.protocol import frames
from realtime.protocol.close_codes import Close

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
# Revocations are gathered for so long: many of them need few rounds.
_GATHER_SECONDS = 0.02
# Delay before a failed check is repeated.
_RETRY_SECONDS = 2.0


class Connections:
    """The connections. `dead` returns which of some identities were revoked. With `leaving` none is admitted."""

    def __init__(
        self,
        dead: Callable[[Collection[Identity]], Awaitable[set[UUID]]],
        now: Callable[[], datetime] = timezone.now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.leaving = False
        self._dead, self._now = dead, now
        self._all: dict[Connection, None] = {}
        self._of_user: dict[UUID, dict[Connection, None]] = {}
        self._revoked = Revoked(clock)
        self._told, self._doubtful = asyncio.Event(), asyncio.Event()
        self._tasks = Tasks()
        self._watching: list[asyncio.Task[None]] = []

    # Members

    def __iter__(self) -> Iterator[Connection]:
        """Iterate over a copy, the oldest connection first."""
        return iter(list(self._all))

    def of(self, user_id: UUID) -> int:
        """Return the number of the user's connections."""
        return len(self._of_user.get(user_id, ()))

    def add(self, connection: Connection) -> None:
        self._all[connection] = None
        self._of_user.setdefault(connection.user_id, {})[connection] = None
        if not self._watching:
            self._watching = [self._tasks.keep(self._look), self._tasks.keep(self._ask)]
        if connection.identity.device_id in self._revoked:
            self._dismiss(connection)

    def remove(self, connection: Connection) -> None:
        if connection not in self._all:
            return
        del self._all[connection]
        own = self._of_user[connection.user_id]
        del own[connection]
        if not own:
            del self._of_user[connection.user_id]
        if not self._all:
            for task in self._watching:
                task.cancel()
            self._watching = []

    def tell(self, message: dict[str, Any]) -> None:
        """Send frames to users' connections (chat/eventlog/ephemeral.py). `room.removed` is left to the room's log
        where the connection is subscribed to it."""
        room_id = UUID(message["room"])
        for user_id in map(UUID, message["users"]):
            for connection in list(self._of_user.get(user_id, ())):
                connection.notify(room_id, message["payload"], over=message["over"])

    # Expiry and revocation

    def hear(self, message: dict[str, Any]) -> None:
        """Note revoked devices, as announced by accounts/revocation.py."""
        self._revoked.add(map(UUID, message["devices"]))
        self._told.set()

    def check_now(self) -> None:
        """Ask the database now: announcements may have been lost."""
        self._doubtful.set()

    async def _look(self) -> None:
        """Check all connections, every second and after a revocation.

        A timer per connection would cost a kilobyte each. The periodic check also finds connections that received a
        newer token while the revocation was announced.
        """
        while True:
            if await _within(_LOOK_SECONDS, self._told):
                await asyncio.sleep(_GATHER_SECONDS)
            self._told.clear()
            now = self._now()
            soon = now + timedelta(seconds=settings.REALTIME_EXPIRING_SECONDS)
            for connection in self:
                if connection.identity.device_id in self._revoked or connection.identity.expires_at <= now:
                    self._dismiss(connection)
                elif connection.identity.expires_at <= soon:
                    self._warn(connection)

    async def _ask(self) -> None:
        answered = True
        while True:
            await _within(settings.REALTIME_RECHECK_SECONDS if answered else _RETRY_SECONDS, self._doubtful)
            self._doubtful.clear()
            try:
                dead = await self._dead({connection.identity for connection in self})
            except Exception as error:  # tried again
                logger.error("tokens can't be checked: %s", reason(error))
                answered = False
            else:
                answered = True
                for connection in self:
                    if connection.identity.device_id in dead:
                        self._dismiss(connection)

    def _dismiss(self, connection: Connection) -> None:
        self.remove(connection)
        self._tasks.spawn(connection.close(Close.UNAUTHENTICATED))

    def _warn(self, connection: Connection) -> None:
        if connection.warned is not connection.identity:
            connection.warned = connection.identity
            connection.tell(frames.encode(frames.TokenExpiring(wire.moment(connection.identity.expires_at))))


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event, for at most `seconds`. Return whether it was set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            return await event.wait()
    return False
