"""Stores to try the limits on, and live installations with limits that a test can reach."""

import contextlib
import os
import secrets

import pytest

from tests.client import Site
from tests.limits.stores import STORES, close
from tests.servers import Server, migrate

LIMITED = {"ROOMWIRE_RATE_LIMITS": "on", "DJANGO_SETTINGS_MODULE": "tests.limits.settings"}


@pytest.fixture(params=STORES, ids=["memory", "redis"])
def store(request):
    made = request.param()
    yield made
    close(made)


@pytest.fixture(scope="session")
def limited_embedded_urls(folder):
    url = f"sqlite:///{folder / 'limited.sqlite3'}"
    migrate(url)
    with Server(folder / "limited.log", DATABASE_URL=url, **LIMITED) as server:
        yield [server.url]


@pytest.fixture(scope="session")
def limited_cluster_urls(folder, postgres_database):
    shared = {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
    }
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Server(folder / f"limited{n}.log", **shared, **LIMITED)) for n in range(2)]
        yield [worker.url for worker in workers]


@pytest.fixture(params=["embedded", "cluster"])
async def site(request):
    """Roomwire in both its shapes, with the numbers of tests/limits/settings.py."""
    async with Site(request.getfixturevalue(f"limited_{request.param}_urls")).open() as opened:
        yield opened
