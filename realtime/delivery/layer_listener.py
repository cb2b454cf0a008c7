"""The only listener on the channel layer: this process's channel, and its memberships in the groups of rooms.

The wanted groups and the joined groups are two sets, and one task makes the second follow the first. So joining and
leaving a group cannot overtake each other, and failed calls are repeated while the layer is unavailable.
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
    """The receiver of announcements of one `type`.

    `heard` is called with each. `joined` is called when a group was joined: earlier announcements may be lost.
    """

    type: str
    heard: Callable[[dict[str, Any]], None]
    joined: Callable[[], None]
    # A group that is always joined. Other groups are wanted and unwanted one by one.
    group: str | None = None


def no_matter() -> None:
    """Do nothing, for an audience that does not need lost announcements."""


class Link:
    """Receives from the wanted groups, and passes each message to the audience of its type."""

    def __init__(self, *audiences: Audience) -> None:
        self._audiences = {audience.type: audience for audience in audiences}
        self._wanted = {audience.group: audience for audience in audiences if audience.group is not None}
        self._joined: set[str] = set()
        self._changed = asyncio.Event()
        # When the last beacon was received (loop time), its number, and the number of the last one sent.
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
        # What this process announces itself is received directly, whatever state the layer is in.
        announcer.listeners.append(self._hear)
        try:
            while True:
                await self._listen(layer)
                await asyncio.sleep(_RETRY_SECONDS)
        finally:
            announcer.listeners.remove(self._hear)

    async def _listen(self, layer: Any) -> None:
        """Listen on a new channel until the layer fails or stays silent."""
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                if self._joined:
                    await layer.flush()  # broken connections, and groups of the previous channel
                channel = await layer.new_channel("hub")
            self._joined.clear()
            self._beacon_at = asyncio.get_running_loop().time()
            self._beacon = self._beacons
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(layer, channel))
                tasks.create_task(self._follow(layer, channel))
                tasks.create_task(self._watch(layer, channel))
        except Exception as error:  # of any kind that the layer raises: clients are served from the log
            self._outage.note(error)

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message.get("type") == _BEACON:
                self._hear_beacon(message["number"])
            elif message.get("origin") != announcer.origin:  # its own were received when they were announced
                self._hear(message)

    def _hear_beacon(self, number: int) -> None:
        """Note a beacon. If one before it was lost, announcements may be lost too: after a short outage the layer's
        client reconnects without reporting it."""
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
        except Exception:  # for example from a process of another release: its events are in the log
            logger.exception("an announcement could not be decoded")

    async def _watch(self, layer: Any, channel: str) -> None:
        """Send beacons to this process itself: a broken subscription receives nothing, and raises no error."""
        while asyncio.get_running_loop().time() - self._beacon_at < _DEAF_SECONDS:
            self._beacons += 1
            with suppress(Exception):  # an outage shows in the missing beacons
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
                if audience is not None:  # it was unwanted meanwhile
                    await self._call(layer.group_add, group, channel)
                    self._joined.add(group)
                    audience.joined()
            await self._changed.wait()

    async def _call(self, change: Callable[[str, str], Any], group: str, channel: str) -> None:
        """Join or leave a group, repeating until it succeeds."""
        while True:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await change(group, channel)
                    return
            except Exception as error:
                self._outage.note(error)
            await asyncio.sleep(_RETRY_SECONDS)
