"""The one door to the channel layer for sending: tells every process what a room's log has gained.

An announcement is a hint. One that fails is logged and counted, never raised and never tried again: the hubs
find what they missed in the log (realtime/recovery.py). It works alike in ASGI and WSGI workers, management commands
and task queues: all hand over to one announcer per process, which keeps its connections.
"""

import asyncio
import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer
from django.db import transaction

logger = logging.getLogger(__name__)

# The message type hubs listen for, and the group of a room.
ANNOUNCEMENT = "room.events"

_SEND_SECONDS = 1.0
_BATCH_EVENTS = 256
_BATCH_CHARACTERS = 512_000
_PENDING_EVENTS = 50_000
_PENDING_CHARACTERS = 64_000_000
_CLOSING_SECONDS = 2.0


def group(room_id: UUID) -> str:
    return f"room.{room_id.hex}"


def announce(*, room_id: UUID, epoch: UUID, first: int, payloads: Sequence[str]) -> None:
    """Announce consecutive events once the current transaction has committed; never, if it rolls back."""
    transaction.on_commit(partial(announcer.put, room_id, epoch, first, payloads), robust=True)


class _Batch:
    """Consecutive events of one room that go out in one send."""

    __slots__ = ("characters", "epoch", "first", "payloads", "room_id")

    def __init__(self, room_id: UUID, epoch: UUID, first: int) -> None:
        self.room_id, self.epoch, self.first = room_id, epoch, first
        self.payloads: list[str] = []
        self.characters = 0

    def continues(self, epoch: UUID, seq: int) -> bool:
        full = len(self.payloads) >= _BATCH_EVENTS or self.characters >= _BATCH_CHARACTERS
        return not full and epoch == self.epoch and seq == self.first + len(self.payloads)

    def add(self, payload: str) -> None:
        self.payloads.append(payload)
        self.characters += len(payload)


def _message(room_id: UUID, epoch: UUID, first: int, payloads: Sequence[str]) -> dict[str, Any]:
    return {
        "type": ANNOUNCEMENT,
        "room": str(room_id),
        "epoch": str(epoch),
        "seq": first,
        "payloads": payloads,
    }


class Announcer:
    """Sends what threads put, in order, on one event loop: the server's when there is one, else its own thread's."""

    def __init__(self) -> None:
        self.failed = 0
        # Called on the loop with what this process announces, whatever becomes of it on the layer. They raise nothing.
        self.listeners: list[Callable[[dict[str, Any]], None]] = []
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._queue: deque[_Batch] = deque()
        self._last: dict[UUID, _Batch] = {}
        self._pending = 0
        self._pending_characters = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending: asyncio.Task[None] | None = None
        self._healthy = True

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

    def put(self, room_id: UUID, epoch: UUID, first: int, payloads: Sequence[str]) -> None:
        """Hand over consecutive events; returns at once. Past a bound events are dropped: the log has them."""
        with self._lock:
            for seq, payload in enumerate(payloads, first):
                if self._pending >= _PENDING_EVENTS or self._pending_characters >= _PENDING_CHARACTERS:
                    self._count_failure("the announcer's queue is full", first + len(payloads) - seq)
                    break
                self._add(room_id, epoch, seq, payload)
            loop = self._running_loop()
        loop.call_soon_threadsafe(self._wake, _message(room_id, epoch, first, payloads))

    def _add(self, room_id: UUID, epoch: UUID, seq: int, payload: str) -> None:
        batch = self._last.get(room_id)
        if batch is None or not batch.continues(epoch, seq):
            batch = self._last[room_id] = _Batch(room_id, epoch, seq)
            self._queue.append(batch)
        batch.add(payload)
        self._pending += 1
        self._pending_characters += len(payload)

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
            while batch := self._take():
                await self._send(batch)
        finally:
            if self._sending is asyncio.current_task():
                self._sending = None

    def _take(self) -> _Batch | None:
        with self._lock:
            if not self._queue:
                return None
            batch = self._queue.popleft()
            self._pending -= len(batch.payloads)
            self._pending_characters -= batch.characters
            if self._last.get(batch.room_id) is batch:
                del self._last[batch.room_id]
            return batch

    async def _send(self, batch: _Batch) -> None:
        message = _message(batch.room_id, batch.epoch, batch.first, batch.payloads)
        try:
            layer = get_channel_layer()
            async with asyncio.timeout(_SEND_SECONDS):
                await layer.group_send(group(batch.room_id), message)
        except Exception as error:  # whatever a layer's client library raises: the log has these events
            self._count_failure(repr(error), len(batch.payloads))
        else:
            self._healthy = True

    def _count_failure(self, reason: str, events: int) -> None:
        """Counts every lost announcement; logs the first of an outage, not a line per message."""
        self.failed += events
        log = logger.warning if self._healthy else logger.debug
        log("announcements are being lost, clients are served from the log: %s", reason)
        self._healthy = False

    def probe(self, timeout: float = 2.0) -> bool:
        """Whether the layer takes a message now. Blocks: not for an event loop's own thread."""
        with self._lock:
            loop = self._running_loop()
        layer = get_channel_layer()
        assert layer is not None
        sent = asyncio.run_coroutine_threadsafe(layer.group_send("probe", {"type": "probe"}), loop)
        try:
            sent.result(timeout)
        except Exception:  # whatever a layer's client library raises, or our own patience
            sent.cancel()
            return False
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


announcer = Announcer()
atexit.register(announcer.flush)
os.register_at_fork(after_in_child=announcer._reset)  # a forked worker has the parent's queue but not its thread
