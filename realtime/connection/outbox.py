"""Sending under any ASGI server: a queue of frames, and a task that awaits the server's `send`."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings

from realtime.asgi_types import Send
from realtime.delivery.bursts import Burst
from realtime.protocol.close_codes import Close, close

logger = logging.getLogger(__name__)

_PARTING_SECONDS = 1.0


class Outbox:
    """An Outlet (realtime/delivery/bursts.py) for any ASGI server. `lost` is called when a frame could not be sent.

    Sizes are in characters, as an estimate of bytes.
    """

    __slots__ = ("_lost", "_maximum", "_over", "_queue", "_room", "_send", "_sending", "_unsent")

    def __init__(self, send: Send, lost: Callable[[], None]) -> None:
        self._send, self._lost = send, lost
        self._queue: deque[str] = deque()
        self._unsent = 0
        self._over = False
        self._maximum = settings.REALTIME_OUTBOX_MAX_BYTES
        self._sending: asyncio.Task[None] | None = None
        self._room: asyncio.Event | None = None

    @property
    def full(self) -> bool:
        return self._unsent > self._maximum

    def put(self, burst: Burst) -> None:
        if self._over:
            return
        self._queue.extend(burst.texts)
        self._unsent += sum(map(len, burst.texts))
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._queue:
                text = self._queue.popleft()
                await self._send({"type": "websocket.send", "text": text})
                self._unsent -= len(text)
                if self._room is not None and self._unsent <= self._maximum // 2:
                    self._room.set()
        except (OSError, RuntimeError):  # the client has disconnected; the server reports it to the session later
            self._lost()
        except Exception:  # a frame after this one would leave a hole
            logger.exception("a frame could not be sent")
            self._lost()
        finally:
            self._sending = None

    async def room(self) -> None:
        if self.full:
            self._room = self._room or asyncio.Event()
            self._room.clear()
            await self._room.wait()

    async def finish(self, code: Close) -> None:
        self._over = True
        with suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                while self._sending is not None:
                    await asyncio.wait([self._sending])
        self.drop()
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(_PARTING_SECONDS):
                await close(self._send, code)

    def drop(self) -> None:
        self._over = True
        self._queue.clear()
        self._unsent = 0
        if self._room is not None:
            self._room.set()
        if self._sending is not None and self._sending is not asyncio.current_task():
            # A task that is cancelled before it began does not reach its `finally`.
            self._sending.cancel()
            self._sending = None
