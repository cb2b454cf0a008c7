"""Nobody pays for what is wrong with another, and what was rolled back is tried again."""

import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError

from chat.models import Room
from core.errors import Internal, NotFound, Unavailable
from devtools.process import wait_until
from tests.writer.database import blocked, connect, execute, fail_with, stored
from tests.writer.stand_ins import DEADLINE, nothing, put, put_behind, throw, together

pytestmark = pytest.mark.django_db(transaction=True)

TOO_LONG = "x" * 101
ROLLED_BACK = {"a deadlock": "40P01", "a serialisation failure": "40001", "a lock timeout": "55P03"}


# Refusals and faults


def test_a_refusal_passes_through_and_the_others_are_stored(writer, store, answers):
    store.refused = {"b"}
    outcomes = together(writer, store, answers, "a", "b", "c")
    assert isinstance(outcomes["b"], NotFound)
    assert (outcomes["a"], outcomes["c"]) == ("a is stored", "c is stored")
    with pytest.raises(NotFound, match="b"):
        writer.write("b")
    assert (len(store.batches), stored()) == (2, ["a", "c", "first"]), "a refusal is no reason to try again"


def bug(names) -> None:
    if "poison" in names:
        raise ValueError("a bug")


FAULTS: dict[str, tuple[str, Callable]] = {
    "the database refuses it": (TOO_LONG, nothing),
    "a bug of ours": ("poison", bug),
    "a refusal that was raised": ("poison", lambda names: throw(NotFound()) if "poison" in names else None),
    "a constraint": ("poison", lambda names: fail_with("23505")() if "poison" in names else None),
}


@pytest.mark.parametrize(("poison", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_poisonous_fails_alone(writer, store, answers, poison, fault):
    store.before = fault
    outcomes = together(writer, store, answers, "a", "b", poison, "c", "d")
    assert isinstance(outcomes.pop(poison), Internal)
    assert outcomes == {name: f"{name} is stored" for name in "abcd"}
    assert stored() == ["a", "b", "c", "d", "first"]
    assert writer.write("next") == "next is stored"


def test_where_all_are_poisonous_all_fail_and_the_next_is_stored(writer, store, answers):
    outcomes = together(writer, store, answers, *(f"{TOO_LONG}{number}" for number in range(5)))
    assert [type(outcome) for outcome in outcomes.values()] == [Internal] * 5
    assert writer.write("next") == "next is stored"
    assert stored() == ["first", "next"]


def test_an_outage_while_items_are_tried_alone_is_met_once_and_not_for_each_of_them(writer, store, answers):
    """Each try may wait seconds for a connection: times three, times 256, that would be an hour."""

    def away(names: list[str]) -> None:
        if names != ["first"]:
            throw(ValueError("a bug") if len(names) > 1 else OperationalError("couldn't get a connection"))

    store.before = away
    outcomes = together(writer, store, answers, *map(str, range(20)))
    assert [type(outcome) for outcome in outcomes.values()] == [Unavailable] * 20
    assert store.tries < 10


def test_an_answer_that_raises_harms_nobody(writer, store, answers):
    put_behind(writer, store, answers, "first", "a")
    writer.put("b", lambda _: throw(RuntimeError("the loop is closed")))
    put(writer, answers, "c")
    store.gate.set()
    assert [name for name, _ in answers.take(3)] == ["first", "a", "c"]
    assert writer.write("next") == "next is stored"
    assert stored() == ["a", "b", "c", "first", "next"]


# Transactions that PostgreSQL rolls back


@pytest.mark.parametrize("sqlstate", ROLLED_BACK.values(), ids=ROLLED_BACK.keys())
def test_what_was_rolled_back_is_tried_again_and_stored_once(writer, store, answers, sqlstate):
    store.after = store.once(fail_with(sqlstate))
    assert writer.write("a") == "a is stored"
    assert (store.tries, stored()) == (2, ["a"])
    assert store.backends[0] == store.backends[1], "the connection had done no wrong"


@pytest.mark.parametrize("sqlstate", ROLLED_BACK.values(), ids=ROLLED_BACK.keys())
def test_a_commit_that_was_rolled_back_is_tried_again_and_stored_once(writer, store, at_commit, sqlstate):
    at_commit(f"IF nextval('commits') = 1 THEN RAISE 'no' USING ERRCODE = '{sqlstate}'; END IF; RETURN NULL;")
    assert writer.write("a") == "a is stored"
    assert (store.tries, stored()) == (2, ["a"])


def test_after_too_many_tries_it_is_unavailable_and_the_next_is_stored(writer, store, answers):
    store.after = lambda names: fail_with("40001")() if "a" in names else None
    outcomes = together(writer, store, answers, "a", "b")
    assert [type(outcome) for outcome in outcomes.values()] == [Unavailable] * 2
    assert store.batches == [["a", "b"]] * 3
    assert writer.write("c") == "c is stored"
    assert stored() == ["c", "first"]


def test_who_loses_a_real_deadlock_tries_again_and_is_stored_once(writer, store, answers, other):
    """The writer has the first room and wants the second; somebody else has the second and wants the first."""
    first, second = (Room.objects.create(name=name, kind="public").id for name in ("first", "second"))
    lock = "SELECT FROM chat_room WHERE id = %s FOR UPDATE"

    def collide() -> None:
        execute(lock, first)
        has_first.set()
        assert wait_until(lambda: blocked(other, rival.info.backend_pid), DEADLINE)
        execute("SET LOCAL deadlock_timeout = '10ms'")  # who looks first, and finds one, is the one who loses
        execute(lock, second)

    def compete() -> None:
        with rival.transaction():
            rival.execute("SET LOCAL deadlock_timeout = '1min'")
            rival.execute(lock, [second])
            put(writer, answers, "a")
            assert has_first.wait(DEADLINE)
            rival.execute(lock, [first])

    has_first = threading.Event()
    store.before = store.once(collide)
    with connect() as rival:
        compete()
    assert answers.take(1) == [("a", "a is stored")]
    assert (store.tries, stored()) == (2, ["a", "first", "second"])
