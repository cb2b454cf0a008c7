"""Live installations for the tests that talk to one: embedded, and two workers on PostgreSQL and Valkey."""

import asyncio
import contextlib
import os
import secrets

import psycopg
import pytest
from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck, settings

from chat import messages
from chat.eventlog import generations
from tests.client import Site
from tests.servers import OTHERS, Server, manage, migrate

# How fast inputs are made depends on the machine, and on what else it does.
settings.register_profile("suite", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session", autouse=True)
def _writer(django_db_setup):
    """The suite's own writer lets go of the test database before it is dropped."""
    yield
    assert messages.writer.close(timeout=60)


# Folders whose servers are of the session: one process of the suite runs all their files, and starts them once.
_TOGETHER = {"allauth", "erasure", "limits", "permissions", "rooms"}


def pytest_collection_modifyitems(items) -> None:
    """Keep what shares servers in one process of the suite: a folder of those above, or a file."""
    for item in items:
        together = item.path.parent.name in _TOGETHER
        item.add_marker(pytest.mark.xdist_group(str(item.path.parent if together else item.path)))


# Tables that migrations fill and no test changes.
_KEPT_TABLES = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def _quick_flush():
    """Empty the tables by DELETE after a test that commits: TRUNCATE creates some forty new files, and Django then
    writes all permissions again."""

    def delete(operations, style, tables, **_):
        return ["; ".join(f'DELETE FROM "{table}"' for table in tables if table not in _KEPT_TABLES)]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(DatabaseOperations, "sql_flush", delete)
        patched.setattr(flush, "emit_post_migrate_signal", lambda *args: None)
        yield


@pytest.fixture(autouse=True)
def _as_a_new_process(monkeypatch):
    """Forget the events that an earlier test's transaction rolled back: else their absence begins a new generation."""
    monkeypatch.setattr(generations, "_seen", generations._Seen())


@pytest.fixture(scope="session")
def postgres_database():
    """A function that makes an empty, migrated database on the suite's PostgreSQL, and says its address."""

    base = os.environ["DATABASE_URL"]

    def copy(of: str) -> str:
        name = f"live_{secrets.token_hex(6)}"
        with psycopg.connect(base, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{of}"')
        return name

    def url(name: str) -> str:
        return f"{base.rpartition('/')[0]}/{name}"

    tables = copy("template1")
    manage("migrate", "--verbosity", "0", DATABASE_URL=url(tables))
    return lambda: url(copy(tables))


@pytest.fixture(scope="session")
def embedded_urls(folder):
    url = f"sqlite:///{folder / 'embedded.sqlite3'}"
    migrate(url)
    with Server(folder / "embedded.log", DATABASE_URL=url) as server:
        yield [server.url]


@pytest.fixture(scope="session")
def cluster_urls(folder, postgres_database):
    shared = {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
    }
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Server(folder / f"worker{n}.log", **shared)) for n in range(2)]
        yield [worker.url for worker in workers]


def _other_urls(server: str):
    @pytest.fixture(scope="session", name=f"{server}_urls")
    def urls(folder):
        database = f"sqlite:///{folder / f'{server}.sqlite3'}"
        migrate(database)
        with Server(folder / f"{server}.log", OTHERS[server], DATABASE_URL=database) as running:
            yield [running.url]

    return urls


uvicorn_urls, hypercorn_urls, daphne_urls = map(_other_urls, ("uvicorn", "hypercorn", "daphne"))


@pytest.fixture(params=["embedded", "cluster"])
async def site(request):
    """Roomwire in both its shapes; a test that takes `site` runs against each."""
    async with Site(request.getfixturevalue(f"{request.param}_urls")).open() as opened:
        yield opened


@pytest.fixture
async def cluster(cluster_urls):
    """Two workers, for what only shows between them."""
    async with Site(cluster_urls).open() as opened:
        yield opened


@pytest.fixture
async def gather():
    """Runs coroutines at once; any failure fails the test and ends the rest."""

    async def run(*work):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(item) for item in work]
        return [task.result() for task in tasks]

    return run
