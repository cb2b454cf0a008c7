"""One accepted socket: who is behind it, what it hears, and the commands' and the hub's hands on its way out."""

import uuid
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.tokens import Identity
from realtime.asgi_types import Send
from realtime.concurrency import deadlines
from realtime.connection.outbox import Outbox
from realtime.connection.pipeline import Pipeline
from realtime.connection.room_notices import RoomNotices
from realtime.delivery.bursts import Burst, Outlet
from realtime.delivery.feed import Subscription
from realtime.hub import Hub
from realtime.protocol import frames
from realtime.protocol.close_codes import Close
from realtime.protocol.frames import CommandId


class Connection:
    """An accepted, authenticated WebSocket. Frames are sent in order. Only `drained` waits for the client."""

    __slots__ = (
        "_notices",
        "_outlet",
        "closed",
        "hub",
        "id",
        "identity",
        "sends",
        "subscriptions",
        "user_id",
        "warned",
    )

    def __init__(self, send: Send, hub: Hub, identity: Identity, outlet: Outlet | None = None) -> None:
        self.id = uuid.uuid4().hex
        self.hub = hub
        self.identity = identity
        # The identity whose expiry was announced to the client.
        self.warned: Identity | None = None
        self.user_id = identity.user_id
        self.subscriptions: dict[UUID, Subscription] = {}
        self._notices = RoomNotices(self.subscriptions)
        self.sends = Pipeline()
        self.closed = False
        self._outlet: Outlet = outlet or Outbox(send, self.abandon)

    def offer(self, burst: Burst) -> bool:
        """Send frames unless REALTIME_OUTBOX_MAX_BYTES are unsent already."""
        if self._outlet.full:
            return False
        if not self.closed:  # a subscription may begin while the connection is being closed
            self._outlet.put(burst)
        return True

    def tell(self, frame: str) -> None:
        """Send a frame whatever is unsent: replies and notices, which are bounded by the commands."""
        if not self.closed:
            self._outlet.put(Burst((frame,)))

    def reply(self, command_id: CommandId, data: Any) -> None:
        """Reply to a command; a command without an id wants no reply."""
        if command_id is not None:
            self.tell(frames.reply(command_id, data))

    async def drained(self) -> bool:
        """Wait for a full outlet to empty by half. False if the socket is closed, or is now, for being too slow."""
        if not self.closed and self._outlet.full:
            try:
                await deadlines.wait(self._outlet.room, settings.REALTIME_STALLED_SECONDS)
            except TimeoutError:
                await self.close(Close.TOO_SLOW)
        return not self.closed

    async def close(self, code: Close) -> None:
        """Close once, after the frames that are queued, if the client reads them within moments."""
        if not self.closed:
            self._fall_silent()
            await self._outlet.finish(code)

    def abandon(self) -> None:
        """Discard queued frames: the socket is closing or closed."""
        self._fall_silent()
        self._outlet.drop()

    def _fall_silent(self) -> None:
        """Accept nothing more, and end all subscriptions."""
        self.closed = True
        for subscription in self.subscriptions.values():
            self.hub.unsubscribe(subscription)
        self.subscriptions.clear()

    def subscribe(self, subscription: Subscription) -> None:
        """Add a subscription, in place of an earlier one to the same room."""
        room_id = subscription.feed.room_id
        self.unsubscribe(room_id)
        self.subscriptions[room_id] = subscription
        self._notices.subscribed(room_id)

    def unsubscribe(self, room_id: UUID) -> None:
        subscription = self.subscriptions.pop(room_id, None)
        if subscription is not None:
            self._notices.unsubscribed(room_id)
            self.hub.unsubscribe(subscription)

    def forget(self, room_id: UUID) -> None:
        """Forget a subscription that the hub has ended. The client was sent `room.removed`."""
        frame = self._notices.log_ended(room_id)
        self.unsubscribe(room_id)
        if frame is not None:
            self.tell(frame)

    def notify(self, room_id: UUID, frame: str, *, over: bool) -> None:
        """Send `room.added` or `room.removed`, unless the room's own event stream has reported it, or is about to."""
        announced = self._notices.announced(room_id, frame, over=over)
        if announced is not None:
            self.tell(announced)
