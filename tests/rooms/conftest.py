"""Installations for what happens live: with a Valkey that may die, and with a WSGI worker beside two of ours."""

import asyncio
import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from devtools.valkey import Valkey
from tests.client import Site
from tests.realtime.doors import RestDoor, SocketDoor
from tests.servers import Server

GUNICORN = "gunicorn --workers 1 --threads 4 --bind 127.0.0.1:{port} config.wsgi:application"


@dataclass
class Installation:
    """The addresses of its workers, and what another one would be started with."""

    folder: Path
    variables: dict[str, str]
    urls: list[str] = field(default_factory=list)

    def worker(self, *command: str) -> Server:
        return Server(self.folder / f"rooms-{secrets.token_hex(4)}.log", *command, **self.variables)


@contextlib.contextmanager
def installed(
    folder: Path, database: str, redis: str, commands: list[list[str]], **more: str
) -> Iterator[Installation]:
    variables = {
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "REDIS_PREFIX": secrets.token_hex(4),
        # Not DEBUG: every frame would be logged.
        "LOG_LEVEL": "INFO",
    }
    installation = Installation(folder, variables | more)
    with contextlib.ExitStack() as stack:
        for command in commands:
            installation.urls.append(stack.enter_context(installation.worker(*command)).url)
        yield installation


@pytest.fixture(params=[RestDoor(), SocketDoor()], ids=lambda door: door.name)
def door(request):
    return request.param


@pytest.fixture(scope="session")
def valkey():
    """One that may die."""
    with Valkey() as valkey:
        yield valkey


@pytest.fixture(scope="session")
def mortal_installation(folder, postgres_database, valkey):
    with installed(folder, postgres_database(), valkey.url, [[], []]) as running:
        yield running


@pytest.fixture
async def mortal(mortal_installation, valkey):
    """Two workers whose Valkey is there when the test begins, and may be killed."""
    if not valkey.running:
        await asyncio.to_thread(valkey.start)
    async with Site(mortal_installation.urls).open() as opened:
        yield opened
    if not valkey.running:
        await asyncio.to_thread(valkey.start)


@pytest.fixture(scope="session")
def hybrid_installation(folder, postgres_database):
    """Two workers of ours, and Gunicorn for whoever comes by HTTP; with limits, and typists who soon fall silent."""
    more = {"DJANGO_SETTINGS_MODULE": "tests.rooms.lively", "ROOMWIRE_RATE_LIMITS": "on"}
    with installed(folder, postgres_database(), os.environ["REDIS_URL"], [[], [], [GUNICORN]], **more) as running:
        yield running


@pytest.fixture
async def hybrid(hybrid_installation):
    async with Site(hybrid_installation.urls).open() as opened:
        yield opened
