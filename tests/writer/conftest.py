"""A writer on a store of the tests' own, and PostgreSQL seen from outside."""

import contextlib
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import connection

from chat.group_commit.writer import Writer
from tests.writer.database import connect
from tests.writer.stand_ins import DEADLINE, Answers, Store


@pytest.fixture(autouse=True)
def _live_connections() -> Iterator[None]:
    """Some of these tests end connections that lie in the pool: what comes after them gets none of those."""
    yield
    connection.pool.check()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def writers(store) -> Iterator[Callable[..., Writer]]:
    """A function that makes a writer on the store; it is closed before the test's data is forgotten."""
    with contextlib.ExitStack() as stack:

        def create(capacity: int = 10_000) -> Writer:
            made = Writer(store, capacity=capacity)
            stack.callback(lambda: made.close(DEADLINE))
            stack.callback(store.gate.set)
            return made

        yield create


@pytest.fixture
def writer(writers) -> Writer:
    return writers()


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    with connect() as opened:
        yield opened


@pytest.fixture
def at_commit(other) -> Iterator[Callable[[str], None]]:
    """A function that has PostgreSQL carry out some PL/pgSQL for each new room, at the COMMIT of its transaction."""

    def create(body: str) -> None:
        other.execute(f"CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} END$$")
        other.execute(
            "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON chat_room"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION at_commit()"
        )

    other.execute("CREATE SEQUENCE commits")  # counts them even if they fail
    yield create
    other.execute("DROP SEQUENCE commits; DROP FUNCTION IF EXISTS at_commit() CASCADE")
