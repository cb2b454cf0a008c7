"""Behind PgBouncer, which passes no `options` on: everything works, and every wait still ends."""

import asyncio
import os
from contextlib import ExitStack

import psycopg
import pytest

from core.postgres import Connection
from tests.client import Site
from tests.database.connecting import connected, setting
from tests.servers import Server
from tests.system.pgbouncer import pgbouncer

IGNORED = "ignore_startup_parameters = options"
SHAPES = {
    "transactions": ("transaction", ""),
    "sessions": ("session", ""),
    "transactions, options ignored": ("transaction", IGNORED),
    "sessions, options ignored": ("session", IGNORED),
}
WAITS = {"statement_timeout": "10s", "lock_timeout": "1s", "idle_in_transaction_session_timeout": "30s"}


@pytest.fixture(autouse=True)
def _forget(monkeypatch):
    """What a process has learned of its pooler."""
    monkeypatch.setattr(Connection, "_options_refused", False)


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES.keys())
def url(request):
    with pgbouncer(os.environ["DATABASE_URL"], *request.param) as through:
        yield through


def test_the_waits_are_set_for_each_transaction(url):
    """With more clients than the pooler has connections, so that no two transactions are sure to be on the same one."""
    with connected(url) as one, connected(url) as two:
        for connection in (one, two) * 4:
            connection.autocommit = False
            assert {name: setting(connection, name) for name in WAITS} == WAITS
            connection.commit()
            connection.autocommit = True
            assert connection.patience == 12.0


def test_the_urls_own_waits_win(url):
    with connected(f"{url}?options=-c%20statement_timeout%3D7s") as connection:
        connection.autocommit = False
        assert setting(connection, "statement_timeout") == "7s"
        assert setting(connection, "lock_timeout") == "1s"
        assert connection.patience == 9.0
        connection.rollback()


def test_an_option_that_the_pooler_would_drop_is_refused(url):
    with pytest.raises(psycopg.OperationalError, match="options"), connected(f"{url}?options=-c%20search_path%3Dx"):
        pass


def test_a_wait_for_a_lock_ends(url):
    direct = os.environ["DATABASE_URL"]
    with psycopg.connect(direct) as holder, connected(url) as connection:
        holder.execute("SELECT pg_advisory_xact_lock(17)")
        connection.autocommit = False
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("SELECT pg_advisory_xact_lock(17)")
        connection.rollback()


@pytest.fixture(params=SHAPES.values(), ids=SHAPES.keys())
async def site(request, folder, postgres_database):
    """In session mode each of the product's connections keeps one of the pooler's; else many share three."""
    with ExitStack() as stack:
        through = stack.enter_context(pgbouncer(postgres_database(), *request.param))
        variables = {"DATABASE_URL": through, "DATABASE_POOL_SIZE": "12"}
        server = stack.enter_context(Server(folder / "pgbouncer.log", **variables))
        async with Site([server.url]).open() as opened:
            yield opened


async def test_the_product_works(site):
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room)
        sent = await asyncio.gather(*(alice.send(room, str(n), client_ref=str(n)) for n in range(30)))
        events = await socket.events(30)
        assert sorted(event["data"]["id"] for event in events) == sorted(message["id"] for message in sent)
    assert (await site.http().get("../../readyz")).status_code == 200
