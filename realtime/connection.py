"""One accepted socket on the way out: a bounded outbox, and the commands' and the hub's hands on it."""

import asyncio
import logging
import uuid
from collections import deque
from contextlib import suppress
from uuid import UUID

from django.conf import settings

from accounts.tokens import Identity
from realtime.closing import Close
from realtime.feed import Subscription
from realtime.hub import Hub
from realtime.middleware import Send

logger = logging.getLogger(__name__)


class Connection:
    """Frames leave in the order they were handed over. Nothing here waits for the client but `drained`."""

    __slots__ = (
        "_outbox",
        "_room_again",
        "_send",
        "_sending",
        "_unsent",
        "closed",
        "hub",
        "id",
        "identity",
        "subscriptions",
        "user_id",
    )

    def __init__(self, send: Send, hub: Hub, identity: Identity) -> None:
        self.id = uuid.uuid4().hex
        self.hub = hub
        self.identity = identity
        self.user_id = identity.user_id
        self.subscriptions: dict[UUID, Subscription] = {}
        self.closed = False
        self._send = send
        self._outbox: deque[str] = deque()
        self._unsent = 0
        self._sending: asyncio.Task[None] | None = None
        self._room_again: asyncio.Event | None = None

    def offer(self, frame: str) -> bool:
        """Send a frame unless REALTIME_OUTBOX_MAX_BYTES are unsent already. (Characters stand in for bytes.)"""
        if self._unsent > settings.REALTIME_OUTBOX_MAX_BYTES:
            return False
        self.tell(frame)
        return True

    def tell(self, frame: str) -> None:
        """Send a frame: replies and notices, of which there are only as many as were asked for."""
        if self.closed:
            return
        self._outbox.append(frame)
        self._unsent += len(frame)
        if self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._outbox:
                frame = self._outbox.popleft()
                await self._send({"type": "websocket.send", "text": frame})
                self._unsent -= len(frame)
                if self._room_again is not None and self._unsent <= settings.REALTIME_OUTBOX_MAX_BYTES // 2:
                    self._room_again.set()
        except (OSError, RuntimeError):  # the client is gone; the server tells the consumer in its own time
            self.abandon()
        except Exception:  # one more frame would be one after a hole
            logger.exception("a frame could not be sent")
            self.abandon()
        finally:
            self._sending = None

    async def drained(self) -> bool:
        """Wait for a full outbox to empty by half. False if the socket is closed, or is now, for being too slow."""
        if not self.closed and self._unsent > settings.REALTIME_OUTBOX_MAX_BYTES:
            self._room_again = self._room_again or asyncio.Event()
            self._room_again.clear()
            try:
                async with asyncio.timeout(settings.REALTIME_STALLED_SECONDS):
                    await self._room_again.wait()
            except TimeoutError:
                await self.close(Close.TOO_SLOW)
        return not self.closed

    async def flushed(self) -> None:
        """Wait for what was told so far, as far as the client takes it."""
        while self._sending is not None:
            await asyncio.wait([self._sending])

    async def close(self, code: int) -> None:
        """Close once, whoever asks, after what is on its way, if the client takes it within moments."""
        if self.closed:
            return
        self._fall_silent()
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self.flushed()
        self.abandon()
        with suppress(OSError, RuntimeError, TimeoutError):
            async with asyncio.timeout(1):
                await self._send({"type": "websocket.close", "code": code})

    def abandon(self) -> None:
        """The socket is closing or gone: what was on its way is dropped."""
        self._fall_silent()
        self._outbox.clear()
        if self._sending is not None and self._sending is not asyncio.current_task():
            # Cancelled before it began, it would not get to say so itself.
            self._sending.cancel()
            self._sending = None

    def _fall_silent(self) -> None:
        """Nothing more is taken, and no room is heard."""
        self.closed = True
        for subscription in self.subscriptions.values():
            self.hub.unsubscribe(subscription)
        self.subscriptions.clear()
        if self._room_again is not None:
            self._room_again.set()

    def forget(self, room_id: UUID) -> None:
        """The hub has ended this subscription."""
        ended = self.subscriptions.pop(room_id, None)
        if ended is not None:
            self.hub.unsubscribe(ended)
