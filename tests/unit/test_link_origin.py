"""What a process announces it hears at once, and once: not again when the layer brings it back."""

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

from channels.layers import get_channel_layer
from django.test import override_settings

from chat.eventlog.ephemeral import EphemeralEvents
from core.announcer import announcer
from realtime.delivery.layer_listener import Audience, Link, no_matter
from tests.unit.clock import virtual
from tests.unit.stand_ins import LAYERS

ROOM = uuid4()


@asynccontextmanager
async def a_link():
    """One in the room's group; says what it heard."""
    heard: list[str] = []
    with override_settings(CHANNEL_LAYERS=LAYERS):
        announcer.attach()
        link = Link(Audience("room.passing", lambda message: heard.extend(message["payloads"]), no_matter))
        running = asyncio.create_task(link.run())
        link.want(EphemeralEvents(ROOM, 0, []).group, "room.passing")
        await asyncio.sleep(0.1)
        yield heard
        await announcer.aclose()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@virtual
async def test_its_own_once():
    async with a_link() as heard:
        announcer.put(EphemeralEvents(ROOM, 0, ["own"]))
        await asyncio.sleep(1)
        layer = get_channel_layer()
        assert [message["payloads"] for group, message in layer.sent] == [["own"]], "the others hear it by the layer"
        assert heard == ["own"]


@virtual
async def test_its_own_at_once_when_the_layer_is_away():
    async with a_link() as heard:
        layer = get_channel_layer()
        layer.taking.clear()
        announcer.put(EphemeralEvents(ROOM, 0, ["own"]))
        await asyncio.sleep(0)
        assert heard == ["own"]
        layer.taking.set()
        await asyncio.sleep(1)
        assert heard == ["own"]


@virtual
async def test_that_of_another_process_and_of_one_that_does_not_say():
    async with a_link() as heard:
        layer = get_channel_layer()
        told = EphemeralEvents(ROOM, 0, ["another's"])
        await layer.group_send(told.group, told.message() | {"origin": "another"})
        await layer.group_send(told.group, told.message())  # of an earlier release
        await asyncio.sleep(1)
        assert heard == ["another's"] * 2


@virtual
async def test_a_message_that_is_not_understood_harms_nobody():
    async with a_link() as heard:
        layer = get_channel_layer()
        told = EphemeralEvents(ROOM, 0, ["understood"])
        await layer.group_send(told.group, {"type": "room.passing", "origin": "another"})
        await layer.group_send(told.group, told.message() | {"origin": "another"})
        await asyncio.sleep(1)
        assert heard == ["understood"]
