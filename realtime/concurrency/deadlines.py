"""Deadlines for silent clients that hold when the process was stopped, as by a debugger or `docker pause`.

Linux ends epoll_wait with EINTR after a stop. The event loop then finds its timers due, and runs them before it looks
at its sockets: clients that wrote in time would be closed, while their data waits in the kernel.
"""

import asyncio
from collections.abc import Awaitable, Callable

# Data that arrived before a deadline is read within this time after it.
GRACE_SECONDS = 1.0


class Deadline:
    """A timer that calls `expired` after `seconds` and a grace period, in which data that has arrived is read."""

    __slots__ = ("_expired", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float, expired: Callable[[], object]) -> None:
        self._loop = loop
        self._expired = expired
        self._timer = loop.call_later(seconds, self._wait_for_reads)

    def cancel(self) -> None:
        self._timer.cancel()

    def _wait_for_reads(self) -> None:
        self._timer = self._loop.call_later(GRACE_SECONDS, self._expired)


async def wait(event: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Await `event()`, which may be called twice. Raises TimeoutError after `seconds` and the grace period."""
    try:
        async with asyncio.timeout(seconds):
            await event()
    except TimeoutError:
        async with asyncio.timeout(GRACE_SECONDS):
            await event()
