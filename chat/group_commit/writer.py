"""The writer (group commit): one thread per process that stores queued items, a batch per transaction.

With a transaction per message, a busy room is as slow as its row lock. Here all items that are queued while a batch
commits are the next batch: a single item does not wait, and under load more items share a commit.
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
# Queued since (monotonic seconds), the item, and its callback.
_Waiting = tuple[float, Item, _Answer[Result]]

# Items per batch: bounds the time for which a transaction holds a room's lock.
_BATCH_ITEMS = 256
# Items that have waited longer are refused untried, so that callers do not wait for an unavailable database.
_PATIENCE_SECONDS = 15.0


def _the_same(item: object) -> None:
    """Return one partition key for all items."""


class Writer(Generic[Item, Result]):
    """Stores items. `store` is called in a transaction with a batch, and returns a result or a refusal for each item.

    After a rollback it may be called again with the same items, with those of one partition key (`lane`), or with each
    alone.
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
        # A forked process has its parent's queue, but not its thread.
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[_Waiting[Item, Result]] = deque()
        self._closing = False
        self._thread: threading.Thread | None = None

    def put(self, item: Item, answer: _Answer[Result]) -> None:
        """Queue an item and return at once. `answer` is called once, on the writer's thread. Raises Overloaded."""
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
        """Queue an item and wait for its result. Raises its refusal, Overloaded, or Unavailable."""
        waiting: Future[Result | RoomwireError] = Future()
        self.put(item, waiting.set_result)
        # A waiting caller must not hold the connection that the writer may need.
        connection.close()
        outcome = waiting.result()
        if isinstance(outcome, RoomwireError):
            raise outcome
        return outcome

    def close(self, timeout: float) -> bool:
        """Wait until all queued items are answered and the thread has ended. The next item starts another thread."""
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
                connection.queries_log.clear()  # grows in DEBUG only, where requests clear it
        finally:
            connection.close()

    def _step(self) -> bool:
        """Store the next batch; False when the writer closes. An answered batch is not kept in memory."""
        taken = self._take()
        batch = _in_time(taken)
        if batch:
            for (_, _, answer), outcome in zip(batch, self._commit(batch), strict=True):
                _hand_back(answer, outcome)
        return bool(taken)

    def _commit(self, batch: list[_Waiting[Item, Result]]) -> list[Result | RoomwireError]:
        """Store a batch and answer every item, whatever fails."""
        try:
            return commits.commit(self._store, self._lane, [item for _, item, _ in batch])
        except Exception:
            logger.exception("a batch of %s items was lost", len(batch))
            return [Internal() for _ in batch]

    def _take(self) -> list[_Waiting[Item, Result]]:
        """Return the items of one batch; none when the writer closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            if not self._queue:
                self._thread, self._closing = None, False
            return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH_ITEMS))]


def _in_time(taken: list[_Waiting[Item, Result]]) -> list[_Waiting[Item, Result]]:
    """Return the items that have not waited too long; refuse the others."""
    oldest = time.monotonic() - _PATIENCE_SECONDS
    for _, _, answer in (waiting for waiting in taken if waiting[0] < oldest):
        _hand_back(answer, Unavailable())
    return [waiting for waiting in taken if waiting[0] >= oldest]


def _hand_back(answer: _Answer[Result], outcome: Result | RoomwireError) -> None:
    try:
        answer(outcome)
    except Exception:  # for example a loop that was closed meanwhile
        logger.exception("a result could not be returned to its caller")
