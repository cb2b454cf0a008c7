"""Two workers on PostgreSQL and Valkey, and one embedded, with databases that can be looked into."""

import contextlib
import logging
import os
import secrets

import pytest

from tests.permissions.house import House, connected
from tests.servers import Server, migrate


@contextlib.contextmanager
def _house(folder, name, url, workers, **variables):
    with contextlib.ExitStack() as stack:
        logs = [folder / f"permissions-{name}{n}.log" for n in range(workers)]
        servers = [stack.enter_context(Server(log, DATABASE_URL=url, LOG_LEVEL="WARNING", **variables)) for log in logs]
        stack.enter_context(connected(url, name))
        house = House([server.url for server in servers], name)
        stack.callback(house.close)
        yield house


@pytest.fixture(scope="session")
def _cluster(folder, postgres_database):
    redis = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4)}
    with _house(folder, "permissions_cluster", postgres_database(), 2, **redis) as house:
        yield house


@pytest.fixture(scope="session")
def _embedded(folder):
    url = f"sqlite:///{folder / 'permissions.sqlite3'}"
    migrate(url)
    with _house(folder, "permissions_embedded", url, 1) as house:
        yield house


@pytest.fixture(autouse=True)
def _quiet(monkeypatch):
    """A line for each of a thousand requests tells nobody anything."""
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)


@pytest.fixture
def cluster_house(_cluster, django_db_blocker):
    with django_db_blocker.unblock():
        yield _cluster


@pytest.fixture
def embedded_house(_embedded, django_db_blocker):
    with django_db_blocker.unblock():
        yield _embedded
