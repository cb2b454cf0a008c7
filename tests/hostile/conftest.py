"""A server of its own for each test, on PostgreSQL and Valkey, and clients that stall."""

import secrets

import pytest

from tests.client import Person, Site
from tests.hostile.live import dialling, enter, on_services
from tests.raw import RawSocket
from tests.servers import Server

# The misbehaving client


@pytest.fixture
def dial():
    """Opens connections of a kind, with a small window if they are to stall."""
    with dialling() as opened:
        yield opened


@pytest.fixture
def stall(dial):
    """Opens a socket that has read its welcome and, in a room, the answer to its subscription, and reads no more."""

    async def stalled(server: Server, person: Person, room: str | None = None) -> RawSocket:
        return await enter(await dial(server, window=4_096), person, room)

    return stalled


# The server


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture
def variables(database):
    return on_services(database)


@pytest.fixture
def server(folder, variables):
    """A fresh one for each test: what the one before left in its memory would hide what this one takes."""
    with Server(folder / f"hostile-{secrets.token_hex(4)}.log", **variables) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened
