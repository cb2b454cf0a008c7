"""A connection that is of no more use is closed, and its like are replaced, before the next call finds them."""

import os
import socket
import threading
from contextlib import nullcontext

import psycopg
import pytest
from django.db import InternalError, OperationalError, connection, transaction

from chat.models import Room
from core import database
from devtools.process import wait_until
from tests.database.connecting import connected
from tests.proxy import Proxy
from tests.writer.database import execute, fail_with, terminate

pytestmark = pytest.mark.django_db(transaction=True)

DEADLINE = 30.0
# What PostgreSQL says with its last words, and what a server says that has become a standby.
ENDS = {
    "admin_shutdown": "57P01",
    "read_only_sql_transaction": "25006",
}
LIVES = {
    "query_canceled": "57014",
    "lock_not_available": "55P03",
    "deadlock_detected": "40P01",
    "disk_full": "53100",
    "out_of_memory": "53200",
    "io_error": "58030",
    "unique_violation": "23505",
}


@pytest.fixture(autouse=True)
def _own_pool():
    """No test finds what another has left in the pool."""
    connection.close()
    yield
    connection.close()
    connection.close_pool()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def others(count: int) -> set[int]:
    """The backends of that many threads, whose connections lie in the pool afterwards."""
    start, pids = threading.Barrier(count), set()

    def use() -> None:
        pids.add(backend())
        start.wait(DEADLINE)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert len(pids) == count
    return pids


def write() -> None:
    Room.objects.create(name="a", kind="public")


def test_one_that_the_server_ended_while_it_was_idle_is_replaced_without_an_error():
    first = backend()
    terminate(first)
    driver = database.held()
    assert wait_until(driver.is_over, DEADLINE)
    database.refresh()
    assert backend() != first


def test_one_that_is_well_is_kept():
    first = backend()
    database.refresh()
    assert backend() == first


@pytest.mark.parametrize("inside", [True, False], ids=["in a transaction", "by itself"])
def test_a_server_that_became_read_only_loses_its_connections(inside):
    before = others(4) | {backend()}
    execute("SET default_transaction_read_only = on")
    surrounding = transaction.atomic() if inside else nullcontext()
    with pytest.raises(InternalError), surrounding:
        write()
    database.refresh()
    write()
    assert not before & (others(4) | {backend()})


def test_what_threads_hold_is_replaced_at_their_next_call():
    held, go_on, after = threading.Event(), threading.Event(), []

    def work() -> None:
        before = backend()
        held.set()
        assert go_on.wait(DEADLINE)
        database.refresh()
        after.append((before, backend()))
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert held.wait(DEADLINE)
    execute("SET default_transaction_read_only = on")
    with pytest.raises(InternalError):
        execute("UPDATE chat_room SET name = 'b'")
    go_on.set()
    thread.join(DEADLINE)
    [(before, now)] = after
    assert before != now


@pytest.mark.parametrize("sqlstate", ENDS.values(), ids=ENDS.keys())
def test_an_end_is_told_from_a_failure(sqlstate):
    first = backend()
    with pytest.raises((OperationalError, InternalError)):
        terminate(first) or execute("SELECT 1") if sqlstate == "57P01" else fail_with(sqlstate)()
    database.refresh()
    assert backend() != first


@pytest.mark.parametrize("sqlstate", LIVES.values(), ids=LIVES.keys())
def test_a_failure_ends_no_connection(sqlstate):
    first = backend()
    with pytest.raises(Exception, match="no"):
        fail_with(sqlstate)()
    database.refresh()
    assert backend() == first


def test_a_transaction_that_was_left_open_for_too_long():
    first = backend()

    def linger() -> None:
        with transaction.atomic():
            execute("SET LOCAL idle_in_transaction_session_timeout = 1")
            assert wait_until(lambda: database.held().is_over(), DEADLINE)
            execute("SELECT 1")

    with pytest.raises(database.AWAY):  # its last words may be lost when it is sent more
        linger()
    database.refresh()
    assert backend() != first


def through(proxy: Proxy, options: str) -> str:
    url = os.environ["DATABASE_URL"]
    return f"{url.replace(f':{proxy.target}/', f':{proxy.port}/')}?options={options}"


@pytest.fixture
def proxy():
    with Proxy(psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"])["port"]) as opened:
        yield opened


@pytest.mark.parametrize("call", [lambda c: c.execute("SELECT 1"), lambda c: c.commit(), lambda c: c.rollback()])
def test_a_server_that_says_nothing_is_waited_for_until_the_deadline(proxy, call):
    with connected(through(proxy, "-c%20statement_timeout%3D100ms")) as driver:
        driver.autocommit = False
        driver.execute("SELECT 1")
        proxy.lines[-1].silent = True
        with pytest.raises(psycopg.OperationalError, match=r"did not answer within 2\.1 s"):
            call(driver)
        assert driver.closed


def test_the_kernel_gives_up_a_host_that_vanished_within_seconds():
    with connected(os.environ["DATABASE_URL"]) as driver, socket.socket(fileno=os.dup(driver.fileno())) as sock:
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [5, 2, 3, 10_000]
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
