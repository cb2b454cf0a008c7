"""The one listener on the channel layer: this process's channel, and the rooms' groups it is in.

What is wanted is kept apart from what is joined, and one task makes the second follow the first: a join and a
leave of one room can't overtake each other, and a layer that is away is simply tried again.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from channels.layers import get_channel_layer

from core.announcer import announcer
from core.outages import Outage

logger = logging.getLogger(__name__)

_CALL_SECONDS = 2.0
_RETRY_SECONDS = 0.5
_BEACON = "link.beacon"
_BEACON_SECONDS = 1.0
_DEAF_SECONDS = 3.5


class Audience(NamedTuple):
    """Who hears announcements of one `type`; `joined` is called when those of a group arrive from now on, whatever
    was announced before."""

    type: str
    heard: Callable[[dict[str, Any]], None]
    joined: Callable[[], None]
    # Joined for as long as the link is there; others are wanted and unwanted one by one.
    group: str | None = None


def no_matter() -> None:
    """For an audience that has nothing to catch up with."""


class Link:
    """To the groups that are wanted, for audiences that each know one type of message."""

    def __init__(self, *audiences: Audience) -> None:
        self._audiences = {audience.type: audience for audience in audiences}
        self._wanted = {audience.group: audience for audience in audiences if audience.group is not None}
        self._joined: set[str] = set()
        self._changed = asyncio.Event()
        # When one was last heard, and which; and how many were sent.
        self._beacon_at = 0.0
        self._beacon = self._beacons = 0
        self._outage = Outage(logger, "the channel layer", "clients are served from the log, a moment later")

    def want(self, group: str, type: str) -> None:
        self._wanted[group] = self._audiences[type]
        self._changed.set()

    def unwant(self, group: str) -> None:
        self._wanted.pop(group, None)
        self._changed.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        layer = get_channel_layer()
        assert layer is not None, "settings.CHANNEL_LAYERS has no default"
        # What this process announces it hears at once, whatever the layer does.
        announcer.listeners.append(self._hear)
        try:
            while True:
                await self._listen(layer)
                await asyncio.sleep(_RETRY_SECONDS)
        finally:
            announcer.listeners.remove(self._hear)

    async def _listen(self, layer: Any) -> None:
        """Until the layer fails, or says nothing more."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                if self._joined:
                    await layer.flush()  # connections that look alive and are not, groups of a channel that is gone
                channel = await layer.new_channel("hub")
            self._joined.clear()
            self._beacon_at = asyncio.get_running_loop().time()
            self._beacon = self._beacons
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(layer, channel))
                tasks.create_task(self._follow(layer, channel))
                tasks.create_task(self._watch(layer, channel))
        except Exception as error:  # whatever a layer's client library raises: clients are served from the log
            self._outage.note(error)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message.get("type") == _BEACON:
                self._hear_beacon(message["number"])
            elif message.get("origin") != announcer.origin:  # else it was heard when it was announced
                self._hear(message)

    def _hear_beacon(self, number: int) -> None:
        """Where a beacon was lost, so may announcements have been: the layer's client comes back by itself after a
        short outage, and says nothing of it."""
        self._beacon_at = asyncio.get_running_loop().time()
        if number != self._beacon + 1:
            for audience in self._audiences.values():
                audience.joined()
        self._beacon = number
        self._outage.end()

    def _hear(self, message: dict[str, Any]) -> None:
        try:
            audience = self._audiences.get(message["type"])
            if audience is not None:
                audience.heard(message)
        except Exception:  # from a process of another release, say: its events are in the log
            logger.exception("an announcement could not be decoded")

    async def _watch(self, layer: Any, channel: str) -> None:
        """Tell ourselves something, again and again: a subscription that died silently hears nothing, and no error."""
        while asyncio.get_running_loop().time() - self._beacon_at < _DEAF_SECONDS:
            self._beacons += 1
            with suppress(Exception):  # an outage, which shows in what isn't heard
                async with asyncio.timeout(_CALL_SECONDS):
                    await layer.send(channel, {"type": _BEACON, "number": self._beacons})
            await asyncio.sleep(_BEACON_SECONDS)
        raise ConnectionError(f"nothing was heard for {_DEAF_SECONDS} s")

    async def _follow(self, layer: Any, channel: str) -> None:
        while True:
            self._changed.clear()
            for group in self._joined - self._wanted.keys():
                await self._call(layer.group_discard, group, channel)
                self._joined.discard(group)
            for group in self._wanted.keys() - self._joined:
                audience = self._wanted.get(group)
                if audience is not None:  # else it was left meanwhile
                    await self._call(layer.group_add, group, channel)
                    self._joined.add(group)
                    audience.joined()
            await self._changed.wait()

    async def _call(self, change: Callable[[str, str], Any], group: str, channel: str) -> None:
        """Until it succeeds: a layer that is away loses announcements, never the wish to hear them."""
        while True:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await change(group, channel)
                    return
            except Exception as error:
                self._outage.note(error)
            await asyncio.sleep(_RETRY_SECONDS)
