"""Servers with ROOMWIRE_ALLAUTH=on: embedded, two workers on PostgreSQL and Valkey, and Gunicorn."""

import contextlib
import os
import secrets

import pytest

from tests.allauth.people import Doors
from tests.client import Site
from tests.servers import Server, manage

ON = {"ROOMWIRE_ALLAUTH": "on"}
# Whose pages use the passkeys of the tests.
PASSKEYS = {"PASSKEY_DOMAIN": "example.com"}


def migrated(url: str) -> dict[str, str]:
    variables = ON | PASSKEYS | {"DATABASE_URL": url}
    manage("migrate", "--verbosity", "0", **variables)
    return variables


@pytest.fixture(scope="session")
def extra_embedded(folder):
    return migrated(f"sqlite:///{folder / 'extra.sqlite3'}")


@pytest.fixture(scope="session")
def extra_cluster(postgres_database):
    shared = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4)}
    return migrated(postgres_database()) | shared


@pytest.fixture(scope="session")
def extra_embedded_urls(folder, extra_embedded):
    with Server(folder / "extra.log", **extra_embedded) as server:
        yield [server.url]


@pytest.fixture(scope="session")
def extra_cluster_urls(folder, extra_cluster):
    with contextlib.ExitStack() as stack:
        servers = [Server(folder / f"extra{n}.log", **extra_cluster) for n in range(2)]
        yield [stack.enter_context(server).url for server in servers]


@pytest.fixture(params=["embedded", "cluster"])
async def doors(request):
    """In both shapes."""
    async with Site(request.getfixturevalue(f"extra_{request.param}_urls")).open() as site:
        yield Doors(site)


@pytest.fixture
async def cluster_doors(extra_cluster_urls):
    async with Site(extra_cluster_urls).open() as site:
        yield Doors(site)


@pytest.fixture
def extra_shell(request):
    """A function that runs Python beside the servers of `doors`."""
    shape = request.node.callspec.params["doors"] if "doors" in request.fixturenames else "cluster"
    variables = request.getfixturevalue(f"extra_{shape}")
    return lambda code: manage("shell", "--verbosity", "0", "--command", code, **variables)
