"""Calls from the event loop: each is made once, and none waits for long behind those that found no database."""

import asyncio
import threading

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from realtime.concurrency.threads import in_thread
from tests.writer.database import execute, terminate

pytestmark = pytest.mark.django_db(transaction=True)

DEADLINE = 30.0
THREADS = settings.REALTIME_DATABASE_THREADS


@pytest.fixture(autouse=True)
async def _let_go():
    """The threads keep their connections, which would keep the test database from being dropped."""
    yield
    together = threading.Barrier(THREADS)

    def let_go() -> None:
        together.wait(DEADLINE)
        connection.close()

    await asyncio.gather(*(in_thread(let_go) for _ in range(THREADS)))


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


async def test_a_call_whose_connection_is_lost_is_not_repeated():
    """Whether it was committed is not known: what it spends must not be spent twice."""
    calls = []

    def spend() -> None:
        calls.append(1)
        terminate(backend())
        execute("SELECT 1")

    with pytest.raises(OperationalError):
        await in_thread(spend)
    assert calls == [1]
    assert await in_thread(backend)


async def test_a_connection_that_died_while_it_was_idle_fails_no_call():
    first = await in_thread(backend)
    await asyncio.to_thread(terminate, first)
    for _ in range(THREADS):
        assert await in_thread(backend) != first


async def test_what_waits_behind_calls_that_found_no_database_is_refused_with_them():
    started, go_on, ran = threading.Semaphore(0), threading.Event(), []

    def fail() -> None:
        started.release()
        assert go_on.wait(DEADLINE)
        connection.close()
        raise OperationalError("couldn't get a connection")

    failing = [asyncio.ensure_future(in_thread(fail)) for _ in range(THREADS)]
    for _ in range(THREADS):
        assert await asyncio.to_thread(started.acquire, timeout=DEADLINE)
    waiting = [asyncio.ensure_future(in_thread(ran.append, number)) for number in range(3 * THREADS)]
    await asyncio.sleep(0)  # they are in line
    go_on.set()
    outcomes = await asyncio.gather(*failing, *waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {OperationalError}
    assert ran == []
    assert await in_thread(backend)
