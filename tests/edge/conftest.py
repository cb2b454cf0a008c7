"""One embedded server for all tests of a module, and clients on a bare TCP socket."""

import secrets
from types import SimpleNamespace

import pytest

from tests.client import Site
from tests.hostile.live import dialling
from tests.raw import Raw
from tests.servers import Server, migrate


@pytest.fixture(scope="module")
def variables(folder):
    """The server's variables. Not DEBUG: the websockets library would log every frame."""
    url = f"sqlite:///{folder / f'edge-{secrets.token_hex(4)}.sqlite3'}"
    migrate(url)
    return {"DATABASE_URL": url, "LOG_LEVEL": "INFO", "ADMIN": "on"}


@pytest.fixture(scope="module")
def server(folder, variables):
    with Server(folder / f"edge-{secrets.token_hex(4)}.log", **variables) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened


@pytest.fixture
def dial():
    """Opens connections of a kind, with a small window if they are to stall."""
    with dialling() as opened:
        yield opened


@pytest.fixture
def connect():
    """Opens a TCP connection to a port."""
    with dialling() as opened:
        yield lambda port: opened(SimpleNamespace(port=port), Raw)
