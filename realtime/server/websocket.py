"""uvicorn's WebSocket protocol as a server of many small sockets wants it; `config.serve` starts it.

`WebSocket` offers in its scope the extension `roomwire.outlet`, an Outlet (realtime/delivery/bursts.py) that writes
frames which were encoded once for all sockets. It also bounds the time and memory that a client can cost which stops
sending, stops reading, or sends more than it should. Everything else is uvicorn's own.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from django.conf import settings
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import OPEN

from realtime.concurrency.deadlines import GRACE_SECONDS, Deadline
from realtime.delivery.bursts import OUTLET, Burst
from realtime.protocol.close_codes import Close
from realtime.server.light_sync import Flag, Inbox
from realtime.server.wire_protocol import Conversation

logger = logging.getLogger(__name__)

# How long the client may take to read a close frame and what is queued before it.
_PARTING_SECONDS = 3.0
# Bounds on what is skipped of the client's data after the close frame for a fault.
_SKIPPED_SECONDS = 10.0
_SKIPPED_BYTES = 16_777_216
# A message in fragments takes at most so many times its own limit on the wire, where each fragment has six bytes more
# (64 KiB in fragments of one byte are seven times 64 KiB), and so long.
_FRAGMENTS_TIMES = 8
_FRAGMENT_HEAD_BYTES = 6
_FRAGMENTS_SECONDS = 30.0
# Fragments are joined now and then: an object each is many times a short fragment's size.
_FRAGMENTS_APART = 1_024
_PINGS = 50
_PINGS_SECONDS = 10.0


class WebSocket(WebSocketsSansIOProtocol):
    """A server connection that is also the Outlet named in its scope."""

    conn: Conversation
    queue: Inbox  # type: ignore[assignment]
    _abort: asyncio.TimerHandle | None = None
    _incomplete: Deadline | None = None
    _fragment_bytes = 0
    _ignores = False
    _skipped = 0
    _pings = 0
    _pings_since = 0.0

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        # asyncio's own contain deques, which were a sixth of an idle connection's memory.
        self.queue = Inbox()
        self.writable = Flag()  # type: ignore[assignment]
        self.writable.set()
        self._maximum = settings.REALTIME_OUTBOX_MAX_BYTES
        stock = self.conn
        self.conn = Conversation(
            extensions=stock.available_extensions, max_size=stock.max_message_size, logger=stock.logger
        )

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=self._maximum, low=self._maximum // 2)

    def data_received(self, data: bytes) -> None:
        """Handle the frames before a fault, which uvicorn drops, and then the fault."""
        self.conn.receive_data(data)
        self.handle_events()
        if not self.handshake_initiated:
            self._refuse_handshake()
        elif self.conn.fault is not None:
            self._handle_fault(len(data))
        elif self._incomplete is None and self.conn.current_size is not None:
            self._incomplete = Deadline(self.loop, _FRAGMENTS_SECONDS, self._give_up_message)

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.handshake_complete:  # otherwise it was refused: it is no WebSocket handshake
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[OUTLET] = self

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._abort, self._incomplete):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        # Break reference cycles: the memory is freed without the garbage collector (tests/hostile/test_garbage.py).
        self.conn.parser = self.conn.parser_exc = None  # type: ignore[assignment]
        if hasattr(self, "scope"):
            self.scope = {**self.scope, "extensions": {}}

    def start_keepalive(self) -> None:
        """Start the heartbeat, and free the handshake's request and response."""
        super().start_keepalive()
        self.request = self.response = None  # type: ignore[assignment]
        self.scope["headers"] = []

    # The Outlet

    @property
    def full(self) -> bool:
        return self.transport.get_write_buffer_size() > self._maximum

    def put(self, burst: Burst) -> None:
        """Write whole frames between uvicorn's own; none after a close frame of either side."""
        if not (self.close_sent or self.disconnected or self.transport.is_closing()):
            self.transport.write(burst.ready)

    async def room(self) -> None:
        if self.full:
            await self.writable.wait()

    async def finish(self, code: Close) -> None:
        self._abort_later()
        if not (self.close_sent or self.disconnected):
            with suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(_PARTING_SECONDS):
                    await self.send({"type": "websocket.close", "code": int(code), "reason": code.meaning})

    def drop(self) -> None:
        """Free a closed connection after a while. uvicorn ends it when the application does."""
        if not self.disconnected and self.close_timer is None:
            self._abort_later()

    def _abort_later(self) -> None:
        if self._abort is None:
            self._abort = self.loop.call_later(_PARTING_SECONDS, self.transport.abort)

    # Clients at fault

    def _refuse_handshake(self) -> None:
        """Send the refusal of an overlong request head and close, which uvicorn does not."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.close()

    def _handle_fault(self, received: int) -> None:
        """Answer a fault once the application asks for more; then skip what comes until the client's close."""
        if not self.close_sent:
            if self.queue.is_awaited:
                self._answer_fault()
            elif not self.read_paused:
                self.read_paused = True
                self.transport.pause_reading()
            return
        self._skipped += received
        if self.conn.closed_by_client:
            self.transport.close()
        elif self._skipped > _SKIPPED_BYTES:
            self.transport.abort()

    async def receive(self) -> Any:
        if self.conn.fault is not None and self.queue.empty() and not self.close_sent:
            self._answer_fault()
        return await super().receive()

    def _answer_fault(self) -> None:
        if self.transport.is_closing() or self.conn.fault is None:
            return
        code, reason = self.conn.fault
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        waits = self.conn.answer_fault()
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if not waits:
            self.transport.close()
            return
        self.close_timer = self.loop.call_later(_SKIPPED_SECONDS, self.transport.abort)
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.data_received(b"")  # data that was read together with the fault may hold the client's close

    def _fault(self, code: int, reason: str) -> None:
        """Note a fault in the content of frames. The frames after it are still parsed, to find the client's close."""
        if not self._ignores:
            self._ignores = True
            self.conn.fault = code, reason

    # Bounds that uvicorn does not have

    def keepalive_timeout(self) -> None:
        """The deadline of a pong: what has arrived before it is read first."""
        self.pong_timer = self.loop.call_later(GRACE_SECONDS, self._give_up_client)

    def _give_up_client(self) -> None:
        super().keepalive_timeout()
        self._abort_later()

    def shutdown(self) -> None:
        if self.handshake_complete and self.conn.state is OPEN:
            reason = Close.RESTARTING.meaning
            self.queue.put_nowait({"type": "websocket.disconnect", "code": Close.RESTARTING, "reason": reason})
            self.conn.send_close(Close.RESTARTING, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        super().shutdown()

    def handle_cont(self, event: Frame) -> None:
        """Count fragments by their bytes on the wire: to the size of a message, those without content add nothing."""
        self._fragment_bytes += _FRAGMENT_HEAD_BYTES + len(event.data)
        if self._fragment_bytes > _FRAGMENTS_TIMES * self.config.ws_max_size:
            self._fault(Close.TOO_BIG, "message in too many fragments")
        if self._ignores:
            return
        if len(self.frames) > _FRAGMENTS_APART:
            self.frames = [b"".join(self.frames)]
        super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Refuse text that is not UTF-8, for which uvicorn logs a traceback."""
        if self._incomplete is not None:
            self._incomplete.cancel()
            self._incomplete = None
        self._fragment_bytes = 0
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._fault(CloseCode.INVALID_DATA, "not UTF-8")
        if not self._ignores:
            super().send_receive_event_to_app()

    def _give_up_message(self) -> None:
        self._fault(Close.TOO_SLOW, Close.TOO_SLOW.meaning)
        self._handle_fault(0)

    def handle_ping(self) -> None:
        """Answer a ping, except after a close, while the client reads nothing, or beyond the rate limit of pings."""
        pong = b"".join(self.conn.data_to_send())
        if self.transport.is_closing() or self.close_sent or self._ignores:
            return
        now = time.monotonic()
        if now - self._pings_since > _PINGS_SECONDS:
            self._pings, self._pings_since = 0, now
        self._pings += 1
        if self._pings > _PINGS and settings.RATE_LIMITS:
            logger.warning("a client sent more than %s pings in %s s", _PINGS, _PINGS_SECONDS)
            self._fault(Close.TOO_MANY, "too many pings")
        elif not self.full:
            self.transport.write(pong)
