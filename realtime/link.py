"""The one listener on the channel layer: this process's channel, and the rooms' groups it is in.

What is wanted is kept apart from what is joined, and one task makes the second follow the first: a join and a
leave of one room can't overtake each other, and a layer that is away is simply tried again.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from chat import broadcast

logger = logging.getLogger(__name__)

_CALL_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_BEACON = "link.beacon"
_BEACON_SECONDS = 1.0
_DEAF_SECONDS = 3.5


class Link:
    """`heard` gets every announcement; `joined` a room whose announcements arrive from now on."""

    def __init__(self, *, heard: Callable[[dict[str, Any]], None], joined: Callable[[UUID], None]) -> None:
        self._heard, self._on_joined = heard, joined
        self._wanted: set[UUID] = set()
        self._joined: set[UUID] = set()
        self._changed = asyncio.Event()
        self._beacon_at = 0.0

    def want(self, room_id: UUID) -> None:
        self._wanted.add(room_id)
        self._changed.set()

    def unwant(self, room_id: UUID) -> None:
        self._wanted.discard(room_id)
        self._changed.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        layer = get_channel_layer()
        assert layer is not None, "settings.CHANNEL_LAYERS has no default"
        # What this process announces it hears at once, whatever the layer does.
        broadcast.announcer.listeners.append(self._hear)
        try:
            while True:
                await self._listen(layer)
                await asyncio.sleep(_RETRY_SECONDS)
        finally:
            broadcast.announcer.listeners.remove(self._hear)

    async def _listen(self, layer: Any) -> None:
        """Until the layer fails, or says nothing more."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                if self._joined:
                    await layer.flush()  # connections that look alive and are not, groups of a channel that is gone
                channel = await layer.new_channel("hub")
            self._joined.clear()
            self._beacon_at = asyncio.get_running_loop().time()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(layer, channel))
                tasks.create_task(self._follow(layer, channel))
                tasks.create_task(self._watch(layer, channel))
        except Exception as error:  # whatever a layer's client library raises: clients are served from the log
            logger.warning("the channel layer is away: %r", error)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message.get("type") == _BEACON:
                self._beacon_at = asyncio.get_running_loop().time()
            else:
                self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            if message["type"] == broadcast.ANNOUNCEMENT:
                self._heard(message)
        except Exception:  # from a process of another release, say: its events are in the log
            logger.exception("an announcement was not understood")

    async def _watch(self, layer: Any, channel: str) -> None:
        """Tell ourselves something, again and again: a subscription that died silently hears nothing, and no error."""
        while asyncio.get_running_loop().time() - self._beacon_at < _DEAF_SECONDS:
            with suppress(Exception):  # an outage, which shows in what isn't heard
                async with asyncio.timeout(_CALL_SECONDS):
                    await layer.send(channel, {"type": _BEACON})
            await asyncio.sleep(_BEACON_SECONDS)
        raise ConnectionError(f"nothing was heard for {_DEAF_SECONDS} s")

    async def _follow(self, layer: Any, channel: str) -> None:
        while True:
            self._changed.clear()
            for room_id in list(self._joined - self._wanted):
                await self._call(layer.group_discard, room_id, channel)
                self._joined.discard(room_id)
            for room_id in list(self._wanted - self._joined):
                await self._call(layer.group_add, room_id, channel)
                self._joined.add(room_id)
                self._on_joined(room_id)
            await self._changed.wait()

    async def _call(self, change: Callable[[str, str], Any], room_id: UUID, channel: str) -> None:
        """Until it succeeds: a layer that is away loses announcements, never the wish to hear them."""
        while True:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await change(broadcast.group(room_id), channel)
                    return
            except Exception as error:
                logger.warning("the channel layer is away: %r", error)
            await asyncio.sleep(_RETRY_SECONDS)
