"""The writer (group commit): one thread per process that stores what has been handed in, a batch per transaction.

A transaction per message makes a hot room as slow as its row lock. Here whatever has queued up while one batch
commits is the next batch: a lone item waits for nobody, and the busier it gets the more share a commit.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

from django.db import connection

from chat.group_commit import commits
from core.errors import Internal, Overloaded, RoomwireError, Unavailable

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

_Answer = Callable[[Result | RoomwireError], None]
# Since when, what, and whom to answer.
_Waiting = tuple[float, Item, _Answer[Result]]

# Of a batch: what one transaction may hold a room's lock for.
_BATCH_ITEMS = 256
# What has waited longer is refused untried: behind a database that is away, callers are not kept for ever.
_PATIENCE_SECONDS = 15.0


def _the_same(item: object) -> None:
    """One lane for all."""


class Writer(Generic[Item, Result]):
    """`store` stores a batch inside the transaction that it is called in: a result, or a refusal, for each item.

    It may be called again with the same items, with some of one `lane`, or with each alone, after a rollback.
    """

    def __init__(
        self,
        store: commits.Store[Item, Result],
        *,
        lane: Callable[[Item], Hashable] = _the_same,
        capacity: int,
    ) -> None:
        self._store, self._lane = store, lane
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
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._run, name="writer", daemon=True)
                thread.start()
                self._thread = thread
            self._queue.append((time.monotonic(), item, answer))
            self._changed.notify_all()

    def write(self, item: Item) -> Result:
        """Hand in an item and wait. Raises its refusal, Overloaded, or Unavailable."""
        waiting: Future[Result | RoomwireError] = Future()
        self.put(item, waiting.set_result)
        # Those who wait must not hold the connections that the writer needs.
        connection.close()
        outcome = waiting.result()
        if isinstance(outcome, RoomwireError):
            raise outcome
        return outcome

    def close(self, timeout: float) -> bool:
        """Wait until everything handed in has been answered and the thread has ended; the next item starts another."""
        with self._changed:
            thread = self._thread
            self._closing = thread is not None
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        try:
            while self._step():
                connection.queries_log.clear()  # which only grows in DEBUG, where requests would clear it
        finally:
            connection.close()

    def _step(self) -> bool:
        """The next batch; False when the writer closes. Of one that is answered nothing is kept while waiting."""
        taken = self._take()
        batch = _in_time(taken)
        if batch:
            for (_, _, answer), outcome in zip(batch, self._commit(batch), strict=True):
                _hand_back(answer, outcome)
        return bool(taken)

    def _commit(self, batch: list[_Waiting[Item, Result]]) -> list[Result | RoomwireError]:
        """Nobody waits for ever, whatever has gone wrong."""
        try:
            return commits.commit(self._store, self._lane, [item for _, item, _ in batch])
        except Exception:
            logger.exception("a batch of %s items was lost", len(batch))
            return [Internal() for _ in batch]

    def _take(self) -> list[_Waiting[Item, Result]]:
        """What there is for one batch; nothing when the writer closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                self._thread, self._closing = None, False
            return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_ITEMS))]


def _in_time(taken: list[_Waiting[Item, Result]]) -> list[_Waiting[Item, Result]]:
    """Those who can still be served; the others are told."""
    oldest = time.monotonic() - _PATIENCE_SECONDS
    for _, _, answer in (waiting for waiting in taken if waiting[0] < oldest):
        _hand_back(answer, Unavailable())
    return [waiting for waiting in taken if waiting[0] >= oldest]


def _hand_back(answer: _Answer[Result], outcome: Result | RoomwireError) -> None:
    try:
        answer(outcome)
    except Exception:  # a loop that has closed meanwhile, say
        logger.exception("a result could not be returned to its caller")
