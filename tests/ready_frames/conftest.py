"""A server whose frames are read by clients that see each of them."""

import secrets

import pytest

from tests.client import Person, Site
from tests.hostile.live import dialling, enter, on_services
from tests.raw import RawSocket
from tests.servers import Server


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture(scope="module")
def server(folder, database):
    with Server(folder / f"ready-frames-{secrets.token_hex(4)}.log", **on_services(database)) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened


@pytest.fixture
def join(server):
    """Opens sockets of somebody's, welcomed and, in a room, subscribed."""
    with dialling() as dial:

        async def joined(person: Person, room: str | None = None) -> RawSocket:
            return await enter(await dial(server), person, room)

        yield joined
