"""A hub over a log in a list, with attendance in memory, and listeners who are present in its one room."""

import asyncio
import secrets
from contextlib import asynccontextmanager

from django.test import override_settings

from chat.presence import presence, stores
from chat.presence.store import Arrival
from core.announcer import announcer
from realtime.hub import Hub
from tests.unit.stand_ins import LAYERS, Listener, Log

DEADLINE = 40.0


class Room:
    def __init__(self, count: int = 0):
        self.log = Log(count)
        self.hub = Hub(self.log)

    @property
    def presence(self):
        return self.hub.presence

    @property
    def store(self):
        return stores.get()

    async def enter(self, listener: Listener | None = None, name: str = "somebody", since: int | None = None):
        listener, room_id = listener or Listener(), self.log.room_id
        known = (await self.presence.views([room_id]))[room_id]
        head = self.log.head
        cursor = head.seq if since is None else since
        subscription = self.hub.subscribe(listener, room_id, head, cursor, present=True)
        listener.told = self.presence.enter(subscription, name, known)
        self.hub.start(subscription)
        # As a connection does, which is told that this is over.
        listener.forget = lambda room_id: self.hub.unsubscribe(subscription)
        return subscription

    def enter_elsewhere(self, user_id) -> None:
        """By another process, which says so."""
        self.store.begin(worker := secrets.token_hex(4))
        assert self.store.write(worker, 1, [Arrival(self.log.room_id, user_id, "elsewhere")], [])
        presence.announce([self.log.room_id])


def passed(listener: Listener) -> list[tuple[str, object]]:
    """(joined or left, who) as it was heard."""
    frames = [frame for frame in listener.frames if frame["type"] in ("presence.joined", "presence.left")]
    return [(frame["type"][9:], frame["data"]["user"]["id"]) for frame in frames]


async def until(condition) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)


@asynccontextmanager
async def a_room(count: int = 0, **settings):
    apart = {"REDIS_URL": "", "REDIS_PREFIX": secrets.token_hex(4), "CHANNEL_LAYERS": LAYERS}
    with override_settings(**apart, **settings):
        announcer.attach()
        room = Room(count)
        yield room
        await room.hub.aclose()
        await announcer.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "aclose leaves nothing behind"
