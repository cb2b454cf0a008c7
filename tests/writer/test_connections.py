"""A connection that is lost is replaced, and what may have been committed is not stored again."""

import os
import socket
import threading

import pytest
from django.db import connection, transaction

from chat import messages
from core.errors import Internal, Unavailable
from devtools.process import wait_until
from tests.writer.database import execute, stored, terminate
from tests.writer.stand_ins import DEADLINE, run, throw, together

pytestmark = pytest.mark.django_db(transaction=True)

# Connections that are lost


def test_a_connection_that_was_lost_while_nothing_was_to_do_is_replaced(writer, store):
    writer.write("a")
    terminate(store.backends[-1])
    assert writer.write("b") == "b is stored"
    assert store.backends[0] != store.backends[-1]
    assert stored() == ["a", "b"]


def test_a_connection_that_is_lost_in_the_middle_of_a_batch_is_replaced(writer, store, answers):
    def lose() -> None:
        terminate(store.backends[-1])
        execute("SELECT 1")

    store.after = lambda names: lose() if store.batches == [["a", "b"]] else None
    outcomes = together(writer, store, answers, "a", "b")
    assert outcomes == {"a": "a is stored", "b": "b is stored"}
    assert store.batches == [["a", "b"]] * 2
    assert stored() == ["a", "b", "first"]


def test_after_a_restart_of_the_database_the_dead_connections_of_the_pool_go_unnoticed(writer, store, other):
    """Its other threads had some, too."""
    writer.write("a")
    start = threading.Barrier(6)

    def use() -> None:
        connection.ensure_connection()
        start.wait(DEADLINE)
        connection.close()

    run(*[use] * 6)
    connection.close()
    pool = connection.pool
    other.execute(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    try:
        assert writer.write("b") == "b is stored"
    finally:
        pool.check()
    assert stored() == ["a", "b"]


def test_who_waits_for_the_writer_keeps_no_connection_that_it_needs(writer, monkeypatch):
    """A request has read its token by then. As many as the pool has connections, and the writer has none yet."""
    connection.close()
    assert messages.writer.close(DEADLINE), "the suite's own has a connection, too"
    monkeypatch.setattr(connection.pool, "timeout", 10.0)
    callers = connection.settings_dict["OPTIONS"]["pool"]["max_size"]
    start = threading.Barrier(callers)

    def request(number: int) -> None:
        connection.ensure_connection()
        start.wait(DEADLINE)
        assert writer.write(str(number)) == f"{number} is stored"

    run(*(lambda number=number: request(number) for number in range(callers)))
    assert len(stored()) == callers


# Commits that nobody knows the end of


def test_a_connection_that_is_lost_before_the_commit_is_not_taken_for_one_that_did_not_commit(writer, store):
    store.after = store.once(lambda: terminate(store.backends[-1]))
    with pytest.raises(Unavailable):
        writer.write("a")
    assert store.tries == 1
    assert writer.write("b") == "b is stored"
    assert stored() == ["b"]


def test_what_was_committed_though_the_answer_was_lost_is_not_stored_again(writer, store, answers, other, at_commit):
    """The connection breaks while PostgreSQL is committing, and PostgreSQL does not know."""
    at_commit("PERFORM pg_advisory_xact_lock(1); RETURN NULL;")
    other.execute("SELECT pg_advisory_lock(1)")
    store.after = store.once(hear_nothing_more)
    with pytest.raises(Unavailable):
        writer.write("a")
    assert stored() == [], "it is still committing"
    other.execute("SELECT pg_advisory_unlock(1)")
    assert wait_until(lambda: stored() == ["a"], DEADLINE)
    assert writer.write("b") == "b is stored"
    assert (store.batches, stored()) == ([["a"], ["b"]], ["a", "b"])


def hear_nothing_more() -> None:
    """What PostgreSQL says from now on does not arrive; what it is told does."""
    with socket.socket(fileno=os.dup(connection.connection.fileno())) as ours:
        ours.shutdown(socket.SHUT_RD)


def test_a_commit_that_fails_otherwise_is_unavailable_and_not_tried_again(writer, store, at_commit):
    at_commit("IF nextval('commits') = 1 THEN RAISE 'no' USING ERRCODE = 'disk_full'; END IF; RETURN NULL;")
    with pytest.raises(Unavailable):
        writer.write("a")
    assert store.tries == 1
    assert writer.write("b") == "b is stored"
    assert stored() == ["b"]


def test_what_a_constraint_refuses_at_the_commit_fails_alone(writer, store, answers, at_commit):
    """Foreign keys are checked there: of a message whose answered message was deleted meanwhile, say."""
    violated = "RAISE 'no' USING ERRCODE = 'foreign_key_violation'"
    at_commit(f"IF NEW.name = 'poison' THEN {violated}; END IF; RETURN NULL;")
    outcomes = together(writer, store, answers, "a", "poison", "b")
    assert isinstance(outcomes["poison"], Internal)
    assert (outcomes["a"], outcomes["b"]) == ("a is stored", "b is stored")
    assert stored() == ["a", "b", "first"]


def test_what_fails_after_the_commit_makes_nobody_store_it_again(writer, store, answers):
    """An app's own `on_commit` may: a task queue that is away, told of by a signal."""
    store.after = lambda _: transaction.on_commit(lambda: throw(ConnectionError("the task queue is away")))
    together(writer, store, answers, "a", "b", "c")
    assert stored() == ["a", "b", "c", "first"]
