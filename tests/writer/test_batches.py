"""What is handed in is answered once and in order; who waits shares the next transaction, within bounds."""

import threading

import pytest

from chat.group_commit import writer as module
from core.errors import Overloaded, Unavailable
from tests.writer.database import stored, transactions
from tests.writer.stand_ins import DEADLINE, put, put_behind, run, throw

pytestmark = pytest.mark.django_db(transaction=True)

# Batches


def test_an_item_is_stored_before_it_is_answered(writer):
    assert writer.write("a") == "a is stored"
    assert stored() == ["a"]


def test_a_lone_item_waits_for_nobody(writer, store):
    for name in "abc":
        writer.write(name)
    assert store.batches == [["a"], ["b"], ["c"]]


def test_many_threads_hand_in_and_each_item_is_answered_once_and_in_order(writer, store, answers):
    start = threading.Barrier(8)

    def hand_in(thread: int) -> None:
        start.wait(DEADLINE)
        put(writer, answers, *(f"{thread}-{number}" for number in range(250)))

    run(*(lambda thread=thread: hand_in(thread) for thread in range(8)))
    outcomes = answers.take(8 * 250)
    assert writer.close(DEADLINE)
    assert answers.none_left
    assert all(outcome == f"{name} is stored" for name, outcome in outcomes)
    names = [name for name, _ in outcomes]
    assert names == [name for batch in store.batches for name in batch]
    for thread in range(8):
        own = [name for name in names if name.startswith(f"{thread}-")]
        assert own == [f"{thread}-{number}" for number in range(250)]
    assert stored() == sorted(names)


def test_who_writes_and_waits_gets_their_own_result(writer):
    def write(thread: int) -> None:
        for number in range(40):
            assert writer.write(f"{thread}-{number}") == f"{thread}-{number} is stored"

    run(*(lambda thread=thread: write(thread) for thread in range(8)))
    assert len(stored()) == 8 * 40


def test_what_waits_while_a_batch_is_under_way_shares_the_next(writer, store, answers, other):
    names = [str(number) for number in range(20)]
    put_behind(writer, store, answers, "first", *names)
    store.gate.set()
    answers.take(21)
    assert store.batches == [["first"], names]
    assert transactions(other) == 2


def test_a_batch_is_bounded(writer, store, answers, other):
    names = [str(number) for number in range(600)]
    put_behind(writer, store, answers, "first", *names)
    store.gate.set()
    assert [name for name, _ in answers.take(601)] == ["first", *names]
    assert [len(batch) for batch in store.batches] == [1, 256, 256, 88]
    assert transactions(other) == 4


def test_who_is_answered_may_hand_in_the_next(writer, answers):
    writer.put("a", lambda _: put(writer, answers, "b"))
    assert answers.take(1) == [("b", "b is stored")]


# Too much, too long


def test_a_full_queue_refuses_at_once_and_takes_again_when_it_is_not(writers, store, answers):
    writer = writers(capacity=3)
    put_behind(writer, store, answers, "first", "a", "b", "c")
    with pytest.raises(Overloaded):
        put(writer, answers, "d")
    with pytest.raises(Overloaded):
        writer.write("d")
    store.gate.set()
    assert [name for name, _ in answers.take(4)] == ["first", "a", "b", "c"]
    assert writer.write("d") == "d is stored"
    assert stored() == ["a", "b", "c", "d", "first"]
    assert answers.none_left


def test_what_has_waited_too_long_is_refused_untried_and_the_writer_goes_on(writer, store, answers, monkeypatch):
    put_behind(writer, store, answers, "first", "a", "b", "c")
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.0)
    store.gate.set()
    (_, outcome), *stale = answers.take(4)
    assert outcome == "first is stored", "it was under way"
    assert [name for name, _ in stale] == ["a", "b", "c"]
    assert all(isinstance(outcome, Unavailable) for _, outcome in stale)
    monkeypatch.undo()
    assert writer.write("d") == "d is stored"
    assert store.batches == [["first"], ["d"]]


def test_a_stale_answer_that_raises_harms_nobody(writer, store, answers, monkeypatch):
    put_behind(writer, store, answers, "first")
    writer.put("a", lambda _: throw(RuntimeError("the loop is closed")))
    put(writer, answers, "b")
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.0)
    store.gate.set()
    assert [name for name, _ in answers.take(2)] == ["first", "b"]
    monkeypatch.undo()
    assert writer.write("c") == "c is stored"
