"""The writer: what is handed in is answered once and in order, a batch is a transaction, and nobody pays for another.

Its store here keeps names as rooms, because those are there and need nothing else. A row's `xmin` is the transaction
that stored it: so PostgreSQL itself says what shared one.
"""

import contextlib
import os
import queue
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from accounts.errors import Internal, Overloaded, RoomwireError, Unavailable
from chat import messages
from chat import writer as module
from chat.errors import NotFound
from chat.models import Room
from chat.writer import Writer
from config.env import PROJECT_DIR
from deploy.local.process import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

DEADLINE = 10.0
TOO_LONG = "x" * 101
ROLLED_BACK = {"a deadlock": "40P01", "a serialisation failure": "40001", "a lock timeout": "55P03"}


class Store:
    """Stores names as rooms but those `refused`, behind a `gate`. `before` and `after` may fail."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.backends: list[int] = []
        self.threads: list[threading.Thread] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.refused: set[str] = set()
        self.before: Callable[[list[str]], None] = nothing
        self.after: Callable[[list[str]], None] = nothing

    def __call__(self, names) -> list[str | RoomwireError]:
        self.batches.append(list(names))
        self.threads.append(threading.current_thread())
        self.entered.set()
        assert self.gate.wait(DEADLINE)
        connection.ensure_connection()
        self.backends.append(connection.connection.info.backend_pid)
        self.before(names)
        Room.objects.bulk_create([Room(name=name, kind="public") for name in names if name not in self.refused])
        self.after(names)
        return [NotFound(name) if name in self.refused else f"{name} is stored" for name in names]

    @property
    def tries(self) -> int:
        return len(self.batches)

    def once(self, fault: Callable[[], None]) -> Callable[[list[str]], None]:
        """`fault`, the first time that the store is called."""
        return lambda names: fault() if self.tries == 1 else None


class Answers:
    """What was answered, in the order in which it was."""

    def __init__(self) -> None:
        self._given: queue.SimpleQueue = queue.SimpleQueue()

    def to(self, item):
        return lambda outcome: self._given.put((item, outcome))

    def take(self, count: int) -> list[tuple]:
        return [self._given.get(timeout=DEADLINE) for _ in range(count)]

    @property
    def none_left(self) -> bool:
        return self._given.empty()


def nothing(*_) -> None:
    """No fault."""


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


def connect() -> psycopg.Connection:
    """A connection of the test's own, which the pool knows nothing of."""
    where = {name.lower(): connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return psycopg.connect(dbname=connection.settings_dict["NAME"], autocommit=True, **where)


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


def stored() -> list[str]:
    return sorted(Room.objects.values_list("name", flat=True))


def transactions(other: psycopg.Connection) -> int:
    """How many stored what is stored."""
    return other.execute("SELECT count(DISTINCT xmin::text) FROM chat_room").fetchone()[0]


def execute(sql: str, *parameters) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def fail_with(sqlstate: str) -> Callable[[], None]:
    """A statement that PostgreSQL refuses in these words."""
    return lambda: execute(f"DO $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END$$")


def terminate(pid: int) -> None:
    """End a backend, and wait until it has."""
    with connect() as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)


def blocked(other: psycopg.Connection, pid: int) -> bool:
    return bool(other.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone()[0])


def put(writer: Writer, answers: Answers, *names: str) -> None:
    for name in names:
        writer.put(name, answers.to(name))


def put_behind(writer: Writer, store: Store, answers: Answers, first: str, *names: str) -> None:
    """`names` wait while the batch of `first` is under way. Until the gate is set, that is."""
    store.entered.clear()
    store.gate.clear()
    put(writer, answers, first)
    assert store.entered.wait(DEADLINE)
    put(writer, answers, *names)


def together(writer: Writer, store: Store, answers: Answers, *names: str) -> dict[str, object]:
    """Their outcomes, when `names` are one batch."""
    put_behind(writer, store, answers, "first", *names)
    store.batches.clear()
    store.gate.set()
    outcomes = answers.take(1 + len(names))
    assert [name for name, _ in outcomes] == ["first", *names]
    assert store.batches[0] == list(names)
    return dict(outcomes[1:])


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
    "a refusal that was raised": ("poison", lambda names: _raise(NotFound()) if "poison" in names else None),
    "a constraint": ("poison", lambda names: fail_with("23505")() if "poison" in names else None),
}


def _raise(error: Exception) -> None:
    raise error


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
            _raise(ValueError("a bug") if len(names) > 1 else OperationalError("couldn't get a connection"))

    store.before = away
    outcomes = together(writer, store, answers, *map(str, range(20)))
    assert [type(outcome) for outcome in outcomes.values()] == [Unavailable] * 20
    assert store.tries < 10


def test_an_answer_that_raises_harms_nobody(writer, store, answers):
    put_behind(writer, store, answers, "first", "a")
    writer.put("b", lambda _: _raise(RuntimeError("the loop is closed")))
    put(writer, answers, "c")
    store.gate.set()
    assert [name for name, _ in answers.take(3)] == ["first", "a", "c"]
    assert writer.write("next") == "next is stored"
    assert stored() == ["a", "b", "c", "first", "next"]


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
    writer.put("a", lambda _: _raise(RuntimeError("the loop is closed")))
    put(writer, answers, "b")
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.0)
    store.gate.set()
    assert [name for name, _ in answers.take(2)] == ["first", "b"]
    monkeypatch.undo()
    assert writer.write("c") == "c is stored"


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
    monkeypatch.setattr(connection.pool, "timeout", 1.0)
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
    store.after = lambda _: transaction.on_commit(lambda: _raise(ConnectionError("the task queue is away")))
    together(writer, store, answers, "a", "b", "c")
    assert stored() == ["a", "b", "c", "first"]


# The thread


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
        patched.setattr(threading.Thread, "start", lambda _: _raise(RuntimeError("can't start new thread")))
        with pytest.raises(RuntimeError):
            put(writer, answers, "a")
    put(writer, answers, "b")
    assert answers.take(1) == [("b", "b is stored")]
    assert writer.close(DEADLINE)
    assert stored() == ["b"]


def run(*work: Callable[[], None]) -> None:
    """At once, each in a thread; any failure fails the test."""
    failures: list[BaseException] = []

    def guarded(one: Callable[[], None]) -> None:
        try:
            one()
        except BaseException as failure:
            failures.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=guarded, args=[one], daemon=True) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    assert failures == []
    assert not any(thread.is_alive() for thread in threads)


# Processes

SCRIPT = """
import os, sys, threading
from django.conf import settings
from config import services
database = services.database(sys.argv[1])
database["OPTIONS"].get("pool", {})["timeout"] = 1
settings.configure(DATABASES={"default": database}, USE_TZ=True)
import django
django.setup()
from django.db import connection
from chat.writer import Writer
parent = os.getpid()
gate = threading.Event()
def store(items):
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid if connection.vendor == "postgresql" else 0
    if "slow" in items:
        entered.set()
        gate.wait(20)
    return [(item, os.getpid() == parent, pid) for item in items]
entered = threading.Event()
writer = Writer(store, capacity=10)
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
def fork(work):
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as failure:
            say(repr(failure))
        os._exit(0)
    os.waitpid(child, 0)
"""


def lines(script: str, url: str) -> list[str]:
    """What it says, in a process of its own."""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", SCRIPT + script, url]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def test_a_forked_child_has_a_thread_of_its_own_and_nothing_of_its_parents():
    script = """
writer.put("slow", lambda outcome: say(*outcome[:2]))
entered.wait(20)
writer.put("parent's", lambda outcome: say(*outcome[:2]))
def child():
    say(*writer.write("child's")[:2])
    say(writer.close(20))
fork(child)
gate.set()
say(writer.close(20))
"""
    assert lines(script, "sqlite://:memory:") == ["child's False", "True", "slow True", "parent's True", "True"]


def test_a_forked_child_has_a_connection_of_its_own(postgres_database):
    """With the pool it would have its parent's sockets, or wait for threads that it does not have."""
    script = """
_, _, pid = writer.write("parent's")
with connection.cursor() as cursor:
    cursor.execute("SELECT pid FROM pg_stat_activity")
    of_the_parent = {row[0] for row in cursor}
connection.close()
def child():
    item, _, own = writer.write("child's")
    say(item, own not in of_the_parent)
    writer.close(20)
fork(child)
say(writer.write("parent's")[2] == pid)
writer.close(20)
connection.close_pool()
"""
    assert lines(script, postgres_database()) == ["child's True", "True"]
