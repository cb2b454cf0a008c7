"""The writer's thread: it ends when it is told to, and another follows when there is something to do."""

import threading
from collections import Counter

import pytest
from django.db import connection

from chat.group_commit.writer import Writer
from tests.writer.database import stored
from tests.writer.stand_ins import DEADLINE, put, put_behind, run, throw

pytestmark = pytest.mark.django_db(transaction=True)


def test_closing_waits_for_what_was_handed_in(writer, store, answers):
    put_behind(writer, store, answers, "first", *(str(number) for number in range(300)))
    assert not writer.close(0.0)
    store.gate.set()
    assert writer.close(DEADLINE)
    answers.take(301)
    assert answers.none_left
    assert not store.threads[0].is_alive()


def test_the_next_item_after_a_close_starts_another_thread(writer, store):
    writer.write("a")
    assert writer.close(DEADLINE)
    assert writer.write("b") == "b is stored"
    first, second = store.threads
    assert first is not second
    assert writer.close(DEADLINE)
    assert not second.is_alive()


def test_a_thread_that_ends_gives_its_connection_back(writer, store):
    writer.write("a")
    connection.close()
    pool = connection.pool
    before = pool.get_stats()["pool_available"]
    assert writer.close(DEADLINE)
    assert pool.get_stats()["pool_available"] == before + 1


def test_closing_what_never_wrote_is_nothing(writer):
    assert writer.close(0.0)
    assert writer.close(0.0)
    assert writer.write("a") == "a is stored"


def test_a_writer_that_was_closed_before_it_wrote_keeps_its_thread(writer, store):
    writer.close(0.0)
    writer.write("a")
    writer.write("b")
    assert store.threads[0] is store.threads[1]


def test_closing_again_and_again_loses_nothing_that_is_handed_in_meanwhile(writer, store):
    over = threading.Event()

    def write() -> None:
        try:
            for number in range(300):
                assert writer.write(str(number)) == f"{number} is stored"
        finally:
            over.set()

    def close() -> None:
        while not over.is_set():
            assert writer.close(DEADLINE)

    run(write, close, close)
    assert Counter(stored()) == Counter(map(str, range(300)))
    assert len(set(store.threads)) > 1


def test_when_no_thread_can_be_started_the_item_is_refused_and_the_next_one_is_stored(store, answers, monkeypatch):
    """A limit of processes was reached for a moment. Nobody may wait for ever for a thread that never was."""
    writer = Writer(store, capacity=10)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", lambda _: throw(RuntimeError("can't start new thread")))
        with pytest.raises(RuntimeError):
            put(writer, answers, "a")
    put(writer, answers, "b")
    assert answers.take(1) == [("b", "b is stored")]
    assert writer.close(DEADLINE)
    assert stored() == ["b"]
