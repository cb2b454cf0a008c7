"""The one door to the channel layer for sending: how processes tell each other what has changed.

What is announced is a hint. One that fails is logged and counted, never raised and never tried again: whoever
listens also looks for itself, later. It works alike in ASGI and WSGI workers, management commands and task queues:
all hand over to one announcer per process, which keeps its connections.
"""

import asyncio
import atexit
import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from channels.layers import get_channel_layer
from django.conf import settings

from core.outages import Outage

logger = logging.getLogger(__name__)

_SEND_SECONDS = 1.0
_PENDING_FACTS = 50_000
_PENDING_CHARACTERS = 64_000_000
_CLOSING_SECONDS = 2.0


class Announcement(Protocol):
    """What one send carries: `facts` of them, of so many `characters`, to those who joined `group`."""

    @property
    def group(self) -> str: ...

    @property
    def facts(self) -> int: ...

    @property
    def characters(self) -> int: ...

    def message(self) -> dict[str, Any]: ...

    def absorb(self, later: "Announcement") -> bool:
        """Carry what another one to the same group says as well, if it is of the same kind and fits."""


class Announcer:
    """Sends what threads put, in order, on one event loop: the server's when there is one, else its own thread's."""

    def __init__(self) -> None:
        self.failed = 0
        # Called on the loop with what this process announces, whatever becomes of it on the layer. They raise nothing.
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._reset()

    def _reset(self) -> None:
        # Says of a message on the layer that it was announced here, where it was heard at once.
        self.origin = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._queue: deque[Any] = deque()
        self._last: dict[str, Any] = {}
        self._pending = 0
        self._pending_characters = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending: asyncio.Task[None] | None = None
        self._outage = Outage(
            logger, "the channel layer", "announcements are being lost and clients are served from the log"
        )

    def attach(self) -> None:
        """Send on the running loop from now on: the in-memory layer reaches only listeners on its own loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # What another loop was sending, that loop may finish; this one does not wait for it.
            self._loop, self._sending = loop, None

    async def aclose(self) -> None:
        """Send what is waiting, if the layer takes it within moments, then let go of the running loop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._drained()
        if self._loop is asyncio.get_running_loop():
            self._loop = None

    def put(self, announcement: Announcement) -> None:
        """Hand over; returns at once. Past a bound it reaches nobody but this process's own listeners."""
        with self._lock:
            message = announcement.message()
            if self._pending >= _PENDING_FACTS or self._pending_characters >= _PENDING_CHARACTERS:
                self._count_failure("the announcer's queue is full", announcement.facts)
            else:
                self._add(announcement)
            loop = self._running_loop()
        loop.call_soon_threadsafe(self._wake, message)

    def _add(self, announcement: Announcement) -> None:
        self._pending += announcement.facts
        self._pending_characters += announcement.characters
        last = self._last.get(announcement.group)
        if last is None or not last.absorb(announcement):
            self._last[announcement.group] = announcement
            self._queue.append(announcement)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="announcer", daemon=True).start()
        return self._loop

    def _wake(self, message: dict[str, Any]) -> None:
        for heard in self.listeners:
            heard(message)
        self._begin()

    def _begin(self) -> None:
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while announcement := self._take():
                await self._send(announcement)
        finally:
            if self._sending is asyncio.current_task():
                self._sending = None

    def _take(self) -> Announcement | None:
        with self._lock:
            if not self._queue:
                return None
            announcement: Announcement = self._queue.popleft()
            self._pending -= announcement.facts
            self._pending_characters -= announcement.characters
            if self._last.get(announcement.group) is announcement:
                del self._last[announcement.group]
            return announcement

    async def _send(self, announcement: Announcement) -> None:
        try:
            layer = get_channel_layer()
            async with asyncio.timeout(_SEND_SECONDS):
                await layer.group_send(announcement.group, announcement.message() | {"origin": self.origin})
        except Exception as error:  # whatever a layer's client library raises: the database has what it said
            self._count_failure(error, announcement.facts)
        else:
            self._outage.end()

    def _count_failure(self, error: Exception | str, facts: int) -> None:
        self.failed += facts
        self._outage.note(error)

    def probe(self, timeout: float = 2.0) -> bool:
        """Whether the layer takes messages now, as announcements and beacons are sent.

        Blocks: not for an event loop's own thread.
        """
        with self._lock:
            loop = self._running_loop()
        sent = asyncio.run_coroutine_threadsafe(_probe(), loop)
        try:
            sent.result(timeout)
        except Exception as error:  # whatever a layer's client library raises, or our own patience
            sent.cancel()
            self._outage.note(error)
            return False
        self._outage.end()
        return True

    def flush(self, timeout: float = _CLOSING_SECONDS) -> None:
        """Wait for what is waiting, in a process without a server loop: a management command that ends."""
        loop = self._loop
        if loop is None or not loop.is_running():
            return
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._drained(), loop).result(timeout)

    async def _drained(self) -> None:
        self._begin()
        while self._sending is not None:
            await asyncio.wait([self._sending])


async def _probe() -> None:
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send("probe", {"type": "probe"})
    if settings.REDIS_URL:  # an ACL may allow the groups' channels and not the processes'; in memory, it would be kept
        await layer.send(f"{settings.REDIS_PREFIX}hub.probe", {"type": "probe"})


announcer = Announcer()
atexit.register(announcer.flush)
os.register_at_fork(after_in_child=announcer._reset)  # a forked worker has the parent's queue but not its thread
