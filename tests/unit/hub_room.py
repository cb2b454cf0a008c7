"""A hub over a log in a list and the in-memory layer."""

import asyncio
from contextlib import asynccontextmanager

from channels.layers import get_channel_layer
from django.test import override_settings

from chat.eventlog import announcements
from realtime.hub import Hub
from tests.unit.stand_ins import LAYERS, Listener, Log

# Seconds after which it has happened, whatever the moment it began.
RECONCILED = 2.0
LINGERED = 6.0


class Room:
    """A hub, one room's log, and the layer between them."""

    def __init__(self, count: int = 0):
        self.log = Log(count)
        # Deliveries take no time: how long they really took would decide what is gathered.
        self.hub = Hub(self.log, asyncio.get_running_loop().time)
        self.layer = get_channel_layer()

    def subscribe(self, listener: Listener | None = None, since: int | None = None, head=None):
        head = head or self.log.head
        cursor = head.seq if since is None else since
        subscription = self.hub.subscribe(listener or Listener(), self.log.room_id, head, cursor)
        self.hub.start(subscription)
        return subscription

    async def joined(self, *args, **named):
        subscription = self.subscribe(*args, **named)
        await asyncio.sleep(0.01)
        return subscription

    async def announce(self, *found, **epoch) -> None:
        group = announcements.group(self.log.room_id)
        await self.layer.group_send(group, self.log.announcement(*found, **epoch))
        await asyncio.sleep(0)

    @property
    def listening(self) -> bool:
        return bool(self.layer.groups.get(announcements.group(self.log.room_id)))


@asynccontextmanager
async def a_room(count: int = 0):
    with override_settings(CHANNEL_LAYERS=LAYERS, REALTIME_RECONCILE_SECONDS=1.0, REALTIME_LINGER_SECONDS=5.0):
        room = Room(count)
        yield room
        await room.hub.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "aclose leaves nothing behind"
