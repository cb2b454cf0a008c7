"""Outages of the channel layer, the short ones too: whoever listens is told that something may have been lost."""

import asyncio
from contextlib import asynccontextmanager

from django.test import override_settings

from realtime.delivery.layer_listener import Audience, Link
from tests.unit.clock import Clock, virtual
from tests.unit.stand_ins import Layer


class Lossy(Layer):
    """It can lose what is sent without a word, or take it and fail."""

    def __init__(self, **config):
        super().__init__(**config)
        self.loses = False

    async def send(self, channel, message):
        self._there()
        if not self.loses:
            await super().send(channel, message)


LAYERS = {"default": {"BACKEND": "tests.unit.test_connections_doubt.Lossy"}}


class Heard:
    def __init__(self):
        self.messages: list[dict] = []
        self.doubts: list[float] = []

    def joined(self) -> None:
        self.doubts.append(asyncio.get_running_loop().time())


@asynccontextmanager
async def listening():
    """A layer, and what is heard in its group "news"."""
    from channels.layers import get_channel_layer

    with override_settings(CHANNEL_LAYERS=LAYERS):
        heard = Heard()
        link = Link(Audience("news.came", heard.messages.append, heard.joined, "news"))
        running = asyncio.create_task(link.run())
        await asyncio.sleep(0.1)
        yield get_channel_layer(), heard
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@virtual
async def test_while_all_is_well_there_is_one_doubt_at_the_beginning():
    async with listening() as (layer, heard):
        await asyncio.sleep(20)
        await layer.group_send("news", {"type": "news.came", "what": 1})
        await asyncio.sleep(1)
        assert len(heard.doubts) == 1
        assert heard.messages == [{"type": "news.came", "what": 1}]


@virtual
async def test_an_outage_too_short_for_a_new_beginning():
    """The layer's client comes back by itself, and nothing says that it was away but a beacon that is missing."""
    async with listening() as (layer, heard):
        for outage in ("loses", "away"):
            await asyncio.sleep(5)
            before = len(heard.doubts)
            setattr(layer, outage, True)
            await asyncio.sleep(1.5)
            assert len(heard.doubts) == before
            setattr(layer, outage, False)
            await asyncio.sleep(1.5)
            assert len(heard.doubts) == before + 1


def test_a_long_outage_ends_in_a_new_beginning(caplog):
    """(Not `virtual`: the task that watches fails then, and is meant to.)"""

    async def scenario():
        async with listening() as (layer, heard):
            layer.away = layer.loses = True
            await asyncio.sleep(60)
            assert len(heard.doubts) == 1
            layer.away = layer.loses = False
            await asyncio.sleep(3)
            assert len(heard.doubts) == 2
            await layer.group_send("news", {"type": "news.came", "what": 2})
            await asyncio.sleep(0.1)
            assert heard.messages == [{"type": "news.came", "what": 2}]

    clock = Clock()
    try:
        clock.run_until_complete(scenario())
    finally:
        clock.shutdown()
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1


@virtual
async def test_an_announcement_that_makes_no_sense_harms_nobody():
    """From a process of another release, say."""
    async with listening() as (layer, heard):
        for strange in ({"type": "of.another.release"}, {"type": "news.came", "what": 3}):
            await layer.group_send("news", strange)
        await asyncio.sleep(0.1)
        assert [message["what"] for message in heard.messages] == [3]
