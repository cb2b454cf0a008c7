"""Announcements of changes, sent by this process to all processes over the channel layer. Only this module sends them.

An announcement is a hint. A failed send is logged and counted, never raised and never repeated, because every receiver
also reads the database later. ASGI and WSGI workers, management commands and task queues all use the one announcer of
their process, which keeps its connections.
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
    """A message to `group` on the channel layer. It has `facts` facts, with `characters` characters in total."""

    @property
    def group(self) -> str: ...

    @property
    def facts(self) -> int: ...

    @property
    def characters(self) -> int: ...

    def message(self) -> dict[str, Any]: ...

    def absorb(self, later: "Announcement") -> bool:
        """Take over the facts of a later announcement to the same group. Return False if its kind differs or it does
        not fit."""


class Announcer:
    """Sends the announcements of all threads, in order, on one event loop: the server's, else its own thread's."""

    def __init__(self) -> None:
        self.failed = 0
        # Called on the event loop with each announcement of this process, even if sending fails. They must not raise.
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._reset()

    def _reset(self) -> None:
        # Marks a message on the layer as announced by this process, whose listeners have received it already.
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
        """Send on the running loop from now on. The in-memory layer reaches only receivers on the sender's loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            # A send on the previous loop may finish there; this loop does not wait for it.
            self._loop, self._sending = loop, None

    async def aclose(self) -> None:
        """Send the queued announcements if the layer takes them within 2 s, then detach from the running loop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._drained()
        if self._loop is asyncio.get_running_loop():
            self._loop = None

    def put(self, announcement: Announcement) -> None:
        """Queue an announcement; return at once. If the queue is full, only this process's own listeners receive it."""
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
        except Exception as error:  # any error of the layer's client library: the database has the facts
            self._count_failure(error, announcement.facts)
        else:
            self._outage.end()

    def _count_failure(self, error: Exception | str, facts: int) -> None:
        self.failed += facts
        self._outage.note(error)

    def probe(self, timeout: float = 2.0) -> bool:
        """Return whether the layer accepts messages now, to a group (as announcements) and to a channel (as beacons).

        Blocks: do not call it on an event loop's thread.
        """
        with self._lock:
            loop = self._running_loop()
        sent = asyncio.run_coroutine_threadsafe(_probe(), loop)
        try:
            sent.result(timeout)
        except Exception as error:  # any error of the layer's client library, or the timeout
            sent.cancel()
            self._outage.note(error)
            return False
        self._outage.end()
        return True

    def flush(self, timeout: float = _CLOSING_SECONDS) -> None:
        """Wait until the queued announcements are sent, for at most `timeout` seconds. This is for a process without a
        server's event loop, such as a management command that ends."""
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
    if settings.REDIS_URL:  # an ACL may allow groups only; in memory, the message would be kept
        await layer.send(f"{settings.REDIS_PREFIX}hub.probe", {"type": "probe"})


announcer = Announcer()
atexit.register(announcer.flush)
os.register_at_fork(after_in_child=announcer._reset)  # a forked worker has the parent's queue but not its thread
