"""The writer (group commit): one thread per process that stores what has been handed in, a batch per transaction.

A transaction per message makes a hot room as slow as its row lock. Here whatever has queued up while one batch
commits is the next batch: a lone item waits for nobody, and the busier it gets the more share a commit.
"""

import logging
import os
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError, connection, transaction

from accounts.errors import Internal, Overloaded, RoomwireError, Unavailable

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

_Answer = Callable[[Result | RoomwireError], None]
# Since when, what, and whom to answer.
_Waiting = tuple[float, Item, _Answer[Result]]

# Of a batch: what one transaction may hold a room's lock for.
_BATCH_ITEMS = 256
_TRIES = 3
# What has waited longer is refused untried: behind a database that is away, callers are not kept for ever.
_PATIENCE_SECONDS = 15.0
# Deadlock, serialisation failure, lock timeout: the transaction was rolled back, another try may do.
_ROLLED_BACK = {"40P01", "40001", "55P03"}


class Writer(Generic[Item, Result]):
    """`store` stores a batch inside the transaction that it is called in: a result, or a refusal, for each item.

    It may be called again with the same items, or with each alone, after a rollback.
    """

    def __init__(self, store: Callable[[Sequence[Item]], list[Result | RoomwireError]], *, capacity: int) -> None:
        self._store = store
        self._capacity = capacity
        self._reset()
        # A forked worker has the parent's queue but not its thread.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[_Waiting[Item, Result]] = deque()
        self._closing = False
        self._thread: threading.Thread | None = None

    def put(self, item: Item, answer: _Answer[Result]) -> None:
        """Hand in an item; returns at once. `answer` is called once, on the writer's thread. Raises Overloaded."""
        with self._changed:
            if len(self._queue) >= self._capacity:
                raise Overloaded
            self._queue.append((time.monotonic(), item, answer))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def write(self, item: Item) -> Result:
        """Hand in an item and wait. Raises its refusal, Overloaded, or Unavailable."""
        waiting: Future[Result | RoomwireError] = Future()
        self.put(item, waiting.set_result)
        outcome = waiting.result()
        if isinstance(outcome, RoomwireError):
            raise outcome
        return outcome

    def close(self, timeout: float) -> bool:
        """Wait until everything handed in has been answered and the thread has ended; the next item starts another."""
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        try:
            while batch := self._take():
                for (_, _, answer), outcome in zip(batch, self._write([item for _, item, _ in batch]), strict=True):
                    _hand_back(answer, outcome)
        finally:
            connection.close()

    def _take(self) -> list[_Waiting[Item, Result]]:
        """The next batch; nothing when the writer closes."""
        with self._changed:
            self._refuse_the_stale()
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                self._thread, self._closing = None, False
            return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_ITEMS))]

    def _refuse_the_stale(self) -> None:
        while self._queue and time.monotonic() - self._queue[0][0] > _PATIENCE_SECONDS:
            _hand_back(self._queue.popleft()[2], Unavailable())

    def _write(self, items: list[Item]) -> list[Result | RoomwireError]:
        """An outcome for each item, whatever happens. What fails for other reasons than the database's fails alone."""
        try:
            return self._try(items)
        except (OperationalError, InterfaceError) as error:
            logger.error("%s items could not be written: %s", len(items), error)
            connection.close()
            return [Unavailable() for _ in items]
        except Exception:
            if len(items) == 1:
                logger.exception("an item could not be written")
                return [Internal()]
            return [outcome for item in items for outcome in self._write([item])]

    def _try(self, items: list[Item]) -> list[Result | RoomwireError]:
        for _ in range(_TRIES - 1):
            connection.ensure_connection()  # a database that can't be reached won't be in a moment
            committing = False
            try:
                with transaction.atomic():
                    outcomes = self._store(items)
                    committing = True
                return outcomes
            except (OperationalError, InterfaceError) as error:
                rolled_back = _sqlstate(error) in _ROLLED_BACK
                # Of a commit that failed nobody knows whether it did: those who sent a client_ref may ask again.
                if not rolled_back and (committing or connection.is_usable()):
                    raise
                logger.warning("a batch is tried again: %s", error)
                if not rolled_back:
                    connection.close()
            time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - so that two who collided don't again
        with transaction.atomic():
            return self._store(items)


def _hand_back(answer: _Answer[Result], outcome: Result | RoomwireError) -> None:
    try:
        answer(outcome)
    except Exception:  # a loop that has closed meanwhile, say
        logger.exception("an outcome could not be handed back")


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
