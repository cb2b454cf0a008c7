"""Storing a batch in one transaction: an outcome for each item, whatever fails, and nothing stored twice."""

import logging
import random
import time
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from django.db import connection, transaction

from core import database
from core.errors import Internal, RoomwireError, Unavailable

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Store = Callable[[Sequence[Item]], list[Result | RoomwireError]]

_TRIES = 3
_LOCK_TIMEOUT = "55P03"
# These, deadlocks and serialisation failures roll the transaction back: another attempt may succeed.
_COLLIDED = {_LOCK_TIMEOUT, "40P01", "40001"}


class _Again(Exception):
    """Nothing was committed because of `error`; another attempt may succeed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def commit(
    store: Store[Item, Result], lane: Callable[[Item], Hashable], items: Sequence[Item], tries: int = _TRIES
) -> list[Result | RoomwireError]:
    """Store the items and return their outcomes. Raises nothing.

    An item that fails by itself fails alone, and one that waits for a lock delays only items with its partition key.
    """
    lanes = {lane(item) for item in items}
    try:
        return _try(store, items, tries if len(lanes) == 1 else 1, _TRIES)
    except database.AWAY as error:
        logger.error("%s items could not be written: %s", len(items), error)
        if _sqlstate(error) == _LOCK_TIMEOUT and len(lanes) > 1:
            return _apart(store, lane, items)
        return [Unavailable() for _ in items]
    except Exception:
        if len(items) > 1:
            return _one_by_one(store, lane, items)
        logger.exception("an item could not be written")
        return [Internal()]


def _apart(
    store: Store[Item, Result], lane: Callable[[Item], Hashable], items: Sequence[Item]
) -> list[Result | RoomwireError]:
    """Store the items of one partition key at a time, each for at most one lock timeout. Return outcomes in the order
    of the items."""
    lanes: dict[Hashable, list[Item]] = {}
    for item in items:
        lanes.setdefault(lane(item), []).append(item)
    outcomes = {name: iter(commit(store, lane, part, tries=1)) for name, part in lanes.items()}
    return [next(outcomes[lane(item)]) for item in items]


def _one_by_one(
    store: Store[Item, Result], lane: Callable[[Item], Hashable], items: Sequence[Item]
) -> list[Result | RoomwireError]:
    """Store items one by one. If the database becomes unavailable, the rest is not tried."""
    outcomes: list[Result | RoomwireError] = []
    for item in items:
        away = bool(outcomes) and isinstance(outcomes[-1], Unavailable)
        outcomes += [Unavailable()] if away else commit(store, lane, [item])
    return outcomes


def _try(store: Store[Item, Result], items: Sequence[Item], locks: int, tries: int) -> list[Result | RoomwireError]:
    """Store items with a bounded number of attempts, and of waits for a lock."""
    while True:
        database.refresh()
        connection.ensure_connection()  # an unreachable database will not be back at once
        try:
            return _transaction(store, items)
        except _Again as again:
            error = again.error
        tries -= 1
        locks -= _sqlstate(error) == _LOCK_TIMEOUT
        if not (tries and locks):
            raise error
        logger.warning("a batch is tried again: %s", error)
        time.sleep(random.uniform(0.001, 0.02))  # noqa: S311 - so that two who collided don't again


def _transaction(store: Store[Item, Result], items: Sequence[Item]) -> list[Result | RoomwireError]:
    """Store items in one transaction. Raises _Again only if nothing can have been committed."""
    before, committing, committed = database.held(), False, False

    def note() -> None:
        nonlocal committed
        committed = True

    outcomes: list[Result | RoomwireError] = []
    try:
        with transaction.atomic():
            transaction.on_commit(note)  # before the callbacks of others
            outcomes = store(items)
            assert len(outcomes) == len(items), "an outcome for each item"
            committing = True
    except Exception as error:
        if committed:
            logger.exception("a batch was stored, but its callbacks failed")
        elif _nothing_committed(error, before, committing=committing):
            raise _Again(error) from error
        else:
            raise
    return outcomes


def _nothing_committed(error: Exception, before: Any, *, committing: bool) -> bool:
    """Whether it is certain that nothing was committed. If a commit's answer is lost it is not; clients repeat sends
    with a `client_ref`."""
    if _sqlstate(error) in _COLLIDED:
        return True
    return not committing and isinstance(error, database.AWAY) and database.lost(before)


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)
