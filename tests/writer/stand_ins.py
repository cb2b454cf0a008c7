"""A store that keeps names as rooms, because those are there and need nothing else; and who hands items in."""

import queue
import threading
from collections.abc import Callable

from django.db import connection

from chat.group_commit.writer import Writer
from chat.models import Room
from core.errors import NotFound, RoomwireError

DEADLINE = 40.0


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


def throw(error: Exception) -> None:
    raise error


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
    assert failures == [], failures
    assert not any(thread.is_alive() for thread in threads)
