"""A connection on a server's `send` that takes frames as a test says, and a room for it to be in."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

from django.test import override_settings

from accounts.tokens import Identity
from realtime.connection.connection import Connection
from realtime.delivery.bursts import Burst
from realtime.hub import Hub
from tests.unit.stand_ins import LAYERS, Log

MAXIMUM = 100
TEN = "x" * 10
SETTINGS = {
    "CHANNEL_LAYERS": LAYERS,
    "REALTIME_OUTBOX_MAX_BYTES": MAXIMUM,
    "REALTIME_STALLED_SECONDS": 10,
    "REALTIME_LINGER_SECONDS": 5.0,
}


class Socket:
    """What a server's `send` is: it takes frames while it `takes`, or raises `error`."""

    def __init__(self):
        self.sent: list[str] = []
        self.closed: list[int] = []
        self.error: Exception | None = None
        self.busy = 0
        self.takes = asyncio.Semaphore(1_000_000)

    async def send(self, message: dict) -> None:
        assert self.busy == 0 or message["type"] == "websocket.close", "one frame at a time"
        self.busy += 1
        try:
            await self.takes.acquire()
            if self.error is not None:
                raise self.error
            await asyncio.sleep(0)
        finally:
            self.busy -= 1
        assert not self.closed, "nothing follows a close"
        if message["type"] == "websocket.close":
            self.closed.append(message["code"])
        else:
            self.sent.append(message["text"])

    def stall(self) -> None:
        self.takes = asyncio.Semaphore(0)

    def take(self, frames: int) -> None:
        for _ in range(frames):
            self.takes.release()


class Client:
    """A connection on a Socket, and a room for it to be in."""

    def __init__(self):
        self.log, self.socket = Log(), Socket()
        # Deliveries take no time: how long they really took would decide what is gathered.
        self.hub = Hub(self.log, asyncio.get_running_loop().time)
        self.connection = Connection(self.socket.send, self.hub, alice())

    def subscribe(self):
        subscription = self.hub.subscribe(self.connection, self.log.room_id, self.log.head, self.log.last_seq)
        self.connection.subscriptions[self.log.room_id] = subscription
        self.hub.start(subscription)
        return subscription

    def offer(self, text: str) -> bool:
        return self.connection.offer(Burst([text]))

    def fill(self) -> int:
        """Offer until it refuses; how many frames it took."""
        taken = 0
        while self.offer(TEN):
            taken += 1
        return taken


def alice() -> Identity:
    return Identity(uuid4(), "alice", uuid4(), datetime(2040, 1, 1, tzinfo=UTC))


@asynccontextmanager
async def a_client():
    with override_settings(**SETTINGS):
        client = Client()
        yield client
        client.connection.abandon()
        await client.hub.aclose()


async def settled(seconds: float = 0.01) -> None:
    await asyncio.sleep(seconds)
