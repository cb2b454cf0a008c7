"""A connection's life, driven by hand: what only time or a bug of ours would show."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tokens import Identity
from realtime.connection.registry import Connections
from realtime.hub import Hub
from realtime.session import Session
from tests.client import DEADLINE
from tests.unit.stand_ins import LAYERS, Log, all_alive


@pytest.fixture(autouse=True)
def _layer(settings):
    settings.CHANNEL_LAYERS = LAYERS


class Server:
    """An ASGI server's side of one socket."""

    def __init__(self, *, lives: float) -> None:
        identity = Identity(uuid4(), "alice", uuid4(), timezone.now() + timedelta(seconds=lives))
        self.scope = {"identity": identity, "query": {}, "room": None}
        self.to_app: asyncio.Queue = asyncio.Queue()
        self.sent: list[dict] = []
        self.to_app.put_nowait({"type": "websocket.connect"})

    async def send(self, message: dict) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.close":
            self.to_app.put_nowait({"type": "websocket.disconnect"})

    async def run(self) -> list[str | int]:
        """The frames' kinds and the close code, when the connection is over."""
        hub = Hub(Log())
        async with asyncio.timeout(DEADLINE):
            await Session(hub, Connections(all_alive), self.scope, self.send).run(self.to_app.get)
            await hub.aclose()
        return [message.get("code", message["type"]) for message in self.sent]


async def test_a_socket_lives_no_longer_than_its_token():
    assert await Server(lives=0.1).run() == ["websocket.accept", "websocket.send", 4401]


async def test_a_bug_of_ours_closes_with_1011_and_is_logged(caplog):
    server = Server(lives=60)
    del server.scope["room"]
    assert (await server.run())[-1] == 1011
    assert "a connection failed" in caplog.text


async def test_a_client_that_leaves_leaves_nothing_behind():
    server = Server(lives=60)
    server.to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})
    await server.run()
    assert asyncio.all_tasks() == {asyncio.current_task()}
