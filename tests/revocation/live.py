"""Two workers with mail and the admin, and sockets that write down all they hear until they are closed."""

import asyncio
import json
import os
import secrets
import time
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from websockets.exceptions import ConnectionClosed

from tests.client import DEADLINE, PASSWORD, Person, Site, Socket
from tests.e2e.mailbox import Mailbox
from tests.realtime.browser import employ
from tests.servers import Server

# With Redis up it takes a few hundredths of one.
SOON = 3.0


@dataclass
class Workers:
    urls: list[str]
    database: str
    mailbox: Mailbox
    variables: dict[str, str]


@contextmanager
def workers(name: str, folder: Path, database: str, redis: str | None = None, settings: str = "config.settings.prod"):
    mailbox = Mailbox(folder / f"mail-{name}-{secrets.token_hex(3)}")
    mailbox.folder.mkdir()
    employ(DATABASE_URL=database)
    variables = {
        "DJANGO_SETTINGS_MODULE": settings,
        "DATABASE_URL": database,
        "REDIS_URL": redis or os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "EMAIL_URL": mailbox.url,
        "ADMIN": "on",
        # Not DEBUG: every frame would be logged.
        "LOG_LEVEL": "INFO",
    }
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(folder / f"{name}-{n}.log", **variables)) for n in range(2)]
        yield Workers([server.url for server in servers], database, mailbox, variables)


async def login(site: Site, username: str, password: str = PASSWORD) -> Person:
    """One more device."""
    answer = await site.http().post("auth/login/", json={"username": username, "password": password})
    assert answer.status_code == 200, answer.text
    return Person(site, answer.json())


class Ear:
    """Everything that one socket hears, and how it ended."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.frames: list[dict] = []
        self.ended_at = 0.0
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self.frames.append(json.loads(await self.socket.connection.recv()))
        except ConnectionClosed:
            self.ended_at = time.time()

    @property
    def code(self) -> int | None:
        return self.socket.connection.close_code if self.ended_at else None

    @property
    def seq(self) -> int:
        """The last one heard."""
        return max((frame["seq"] for frame in self.frames if "seq" in frame), default=0)

    @property
    def committed_at(self) -> float:
        """When the latest of what was heard was committed."""
        return max(datetime.fromisoformat(frame["at"]).timestamp() for frame in self.frames if "seq" in frame)

    async def ended(self, seconds: float = DEADLINE) -> int:
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._reading)
        return self.code or 0

    async def hears(self, seq: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while self.seq < seq:
                assert not self.ended_at, f"closed with {self.code}"
                await asyncio.sleep(0.02)


@asynccontextmanager
async def ear(person: Person, room: str, worker: int):
    async with person.socket(worker=worker) as socket:
        await socket.command("room.subscribe", room=room)
        yield Ear(socket)


@asynccontextmanager
async def chatter(person: Person, room: str, worker: int = 0):
    """A hundred messages a second, as long as it lasts; heard by the one who sends them."""
    async with ear(person, room, worker) as own:

        async def talk() -> None:
            while True:
                await own.socket.connection.send(json.dumps({"type": "message.send", "room": room, "body": "x"}))
                await asyncio.sleep(0.01)

        talking = asyncio.create_task(talk())
        try:
            yield own
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
