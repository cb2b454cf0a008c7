"""What a consumer still reads: nothing from a client that reads no answers, nothing behind a close."""

import asyncio
import logging
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from accounts.tokens import Identity
from core.errors import NotFound
from realtime.commands import subscribe
from realtime.connection.registry import Connections
from realtime.hub import Hub
from realtime.session import Session
from tests.unit.clock import virtual
from tests.unit.stand_ins import LAYERS, Log, all_alive

UNKNOWN = '{"type":"no.such","id":"' + "x" * 100 + '"}'
SUBSCRIBE = '{"type":"room.subscribe","id":1,"room":"0190a3b2-0000-7000-8000-000000000001"}'


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.CHANNEL_LAYERS = LAYERS
    settings.REALTIME_OUTBOX_MAX_BYTES = 1_000
    settings.REALTIME_STALLED_SECONDS = 10


class Server:
    """The ASGI server's side of a socket whose client sends `frames`, and reads them or does not."""

    def __init__(self, *frames: str, sends: int | None = None, **scope: object):
        # After so many sends the client has gone.
        self.sends, self.scope = sends, scope
        self.frames = [{"type": "websocket.receive", "text": text} for text in frames]
        self.waiting = [{"type": "websocket.connect"}, *self.frames]
        self.sent: list[dict] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.gone = asyncio.Event()

    async def receive(self) -> dict:
        if self.waiting:
            return self.waiting.pop(0)
        await self.gone.wait()
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(self, message: dict) -> None:
        if self.sends == len(self.sent):
            self.gone.set()
            raise OSError
        if message["type"] != "websocket.accept":
            await self.reads.wait()
        if message["type"] == "websocket.close":
            self.gone.set()
        self.sent.append(message)

    async def serve(self) -> None:
        log = Log()
        identity = Identity(uuid4(), "alice", uuid4(), datetime(2040, 1, 1, tzinfo=UTC))
        scope = {"identity": identity, "subprotocols": [], "room": None, "query": {}} | self.scope
        hub = Hub(log)
        await Session(hub, Connections(all_alive), scope, self.send).run(self.receive)
        await hub.aclose()

    @property
    def codes(self) -> list[int]:
        return [message["code"] for message in self.sent if message["type"] == "websocket.close"]


@virtual
async def test_a_client_that_reads_no_refusals_is_read_no_frames():
    """Each would wait in memory, and nothing counts them but the outbox."""
    server = Server(*[UNKNOWN] * 1_000)
    server.reads.clear()
    serving = asyncio.create_task(server.serve())
    await asyncio.sleep(1)
    assert len(server.waiting) > 950
    server.reads.set()
    await asyncio.sleep(1)
    server.gone.set()
    await serving
    assert len(server.sent) == 1_002, "accepted, welcomed, and every frame answered once it reads"


@virtual
async def test_what_waits_behind_a_close_is_not_carried_out(caplog):
    """A server hands over what it had read before the close: the commands of somebody who may do nothing more.
    (Carried out, the subscription would ask for a database that this test does not have, and the log would say so.)"""
    server = Server(*["no command"] * 10, *[SUBSCRIBE] * 3)
    await server.serve()
    assert server.codes == [4400]
    assert caplog.messages == []


GONE = {
    "a user": {},
    "a stranger": {"identity": None},
    "a user in a room": {"room": "0190a3b2-0000-7000-8000-000000000001"},
}


@virtual
@pytest.mark.parametrize("sends", range(4))
@pytest.mark.parametrize("scope", GONE.values(), ids=GONE.keys())
async def test_a_client_that_leaves_is_no_error_whatever_was_to_be_sent(caplog, monkeypatch, scope, sends):
    async def nothing(*_: object) -> None:
        raise NotFound

    monkeypatch.setattr(subscribe, "subscribe_one", nothing)
    await Server("no command", "no command", UNKNOWN, sends=sends, **scope).serve()
    assert not [record for record in caplog.records if record.levelno > logging.INFO or record.exc_info]
