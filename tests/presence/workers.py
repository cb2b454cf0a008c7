"""Workers that a test may kill, and a Redis of their own, if it is to be killed too."""

import os
import secrets
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass

from tests.client import Person, Site
from tests.presence.watching import settled
from tests.servers import Server


@dataclass
class Workers:
    site: Site
    servers: list[Server]
    alice: Person
    bob: Person
    room: str

    def signal(self, worker: int, number: int) -> None:
        os.kill(self.servers[worker].process.pid, number)


@asynccontextmanager
async def workers(folder, database: str, redis: str | None = None, count: int = 2, **variables):
    """Two people in a room, and a cluster that is sure of who is there."""
    shared = {
        "DATABASE_URL": database,
        "REDIS_URL": redis or os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "LOG_LEVEL": "INFO",
    } | variables
    name = f"presence-{secrets.token_hex(3)}"
    with ExitStack() as stack:
        servers = [stack.enter_context(Server(folder / f"{name}-{n}.log", **shared)) for n in range(count)]
        async with Site([server.url for server in servers]).open() as site:
            alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
            room = await alice.room(bob)
            await settled(alice, room)
            yield Workers(site, servers, alice, bob, room)
