"""uvicorn's protocols as a server of many small sockets wants them; `config.serve` puts them to use.

`WebSocket` offers in its scope the extension `roomwire.outlet`, an Outlet (realtime/frames.py) that writes frames which
were built once for all sockets. Everything else about it is uvicorn's own. Both classes see that a client which stops
talking, or listening, or asks too much of the server's patience costs a bounded time and memory.
"""

import asyncio
import logging
import socket
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from realtime.frames import OUTLET, Burst
from realtime.waiting import Flag, Inbox

logger = logging.getLogger(__name__)

# A request that is refused for its size is read to so many times what is allowed, so that its client hears of it.
_REFUSED_TIMES = 4
_HEADERS_SECONDS = 10.0
_BODY_SECONDS = 30.0
# How long a close frame, and what is before it, may take to be taken.
_PARTING_SECONDS = 3.0
# Unacknowledged for so long, the kernel gives a connection up: uvicorn's own closing waits for the buffer to drain.
_UNACKNOWLEDGED_MS = 30_000
# What the kernel takes beyond what the client's window has room for: the rest is ours to count.
_UNSENT_BYTES = 131_072
_FRAGMENTS = 1_024
_PINGS = 50
_PINGS_SECONDS = 10.0


def _tuned(transport: Any) -> None:
    accepted = transport.get_extra_info("socket")
    if accepted is not None and accepted.family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, AttributeError):  # other kernels have other options
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)


class Http(HttpToolsProtocol):
    """A request has to arrive in time and in moderation; uvicorn alone waits, and takes, for ever."""

    _deadline: asyncio.TimerHandle | None = None
    _taken = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _tuned(transport)
        self._expect(_HEADERS_SECONDS)

    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None and self._deadline is None:
            self._expect(_HEADERS_SECONDS)  # an empty line, which begins nothing, ends uvicorn's own wait
        self._taken += len(data)
        super().data_received(data)
        if (
            self._deadline is not None
            and self._taken > _REFUSED_TIMES * settings.REQUEST_MAX_BYTES
            and not self.transport.is_closing()
        ):
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._deadline is None:
            self._expect(_HEADERS_SECONDS)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._expect(_BODY_SECONDS)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._taken = 0
        self._heard()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heard()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._heard()
        super().handle_websocket_upgrade()
        # The parser and this object hold each other: a garbage collector's work, per socket.
        self.parser = None  # type: ignore[assignment]

    def _expect(self, seconds: float) -> None:
        self._heard()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _heard(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class WebSocket(WebSocketsSansIOProtocol):
    """Also an Outlet, which its scope names."""

    _abort: asyncio.TimerHandle | None = None
    _pings = 0
    _pings_since = 0.0

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        # asyncio's own have a deque in every corner: of an idle socket's memory a sixth.
        self.queue = Inbox()  # type: ignore[assignment]
        self.writable = Flag()  # type: ignore[assignment]
        self.writable.set()
        self._maximum = settings.REALTIME_OUTBOX_MAX_BYTES

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=self._maximum, low=self._maximum // 2)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # else it was refused as no WebSocket at all
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[OUTLET] = self

    def connection_lost(self, exc: Exception | None) -> None:
        if self._abort is not None:
            self._abort.cancel()
        super().connection_lost(exc)
        # These are held by what they hold: all is to go with the last who needs it (tests/hostile/test_garbage.py).
        self.conn.parser = self.conn.parser_exc = None  # type: ignore[assignment]
        if hasattr(self, "scope"):
            self.scope = {**self.scope, "extensions": {}}

    def start_keepalive(self) -> None:
        """The handshake is over, and need not be remembered as long as the connection."""
        super().start_keepalive()
        self.request = self.response = None  # type: ignore[assignment]
        self.scope["headers"] = []

    # The Outlet

    @property
    def full(self) -> bool:
        return self.transport.get_write_buffer_size() > self._maximum

    def put(self, burst: Burst) -> None:
        """Whole frames of our own between uvicorn's whole frames; none after a close, whoever sent it."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(burst.ready)

    async def room(self) -> None:
        if self.full:
            await self.writable.wait()

    async def finish(self, code: int) -> None:
        self._abort_later()
        if not (self.close_sent or self.disconnected):
            with suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(_PARTING_SECONDS):
                    await self.send({"type": "websocket.close", "code": int(code)})

    def drop(self) -> None:
        """uvicorn ends the connection when its consumer does; what a dead one still holds, the timer frees."""
        if not self.disconnected:
            self._abort_later()

    def _abort_later(self) -> None:
        if self._abort is None:
            self._abort = self.loop.call_later(_PARTING_SECONDS, self.transport.abort)

    # What uvicorn leaves to the client's goodwill

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    def handle_cont(self, event: Frame) -> None:
        """Fragments without content count towards no limit of size."""
        super().handle_cont(event)
        if len(self.frames) > _FRAGMENTS:
            self.transport.abort()

    def handle_ping(self) -> None:
        """A pong each, but not for a client that reads none, nor for one that does little else."""
        pong = b"".join(self.conn.data_to_send())
        if self.transport.is_closing():
            return
        now = time.monotonic()
        if now - self._pings_since > _PINGS_SECONDS:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > _PINGS and settings.RATE_LIMITS:
            logger.warning("a client sent more than %s pings in %s s", _PINGS, _PINGS_SECONDS)
            self.transport.abort()
        elif not self.full:
            self.transport.write(pong)
