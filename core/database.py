"""The database's connection of a thread that keeps it: whether it can be used, and what a fork leaves of it."""

import os
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError, connection, connections

# What is not the fault of what was asked: away, too slow, locked for too long, read-only after a switch of roles.
AWAY = (OperationalError, InterfaceError, InternalError)


def held() -> Any:
    """Return the driver's connection under this thread's, if there is one, to ask `lost` about."""
    return connection.connection


def refresh() -> None:
    """Close this thread's connection if it died while it was idle, so that the next statement gets another.

    This costs one system call and no round trip. It lets work that can't be repeated survive a restart of the database.
    """
    is_over = getattr(connection.connection, "is_over", None)
    if is_over is not None and is_over():
        end()
        connection.close()


def end() -> None:
    """End this thread's connection, and have all that are older replaced."""
    end_driver = getattr(connection.connection, "end", None)
    if end_driver is not None:
        end_driver()


def lost(before: Any) -> bool:
    """Whether the driver's connection that there was (core/postgres.py) has ended."""
    return before is not None and (connection.connection is not before or _closed(before))


def unreachable() -> bool:
    """Whether this thread has no connection, after it needed one."""
    return connection.connection is None or _closed(connection.connection)


def _closed(driver: Any) -> bool:
    """SQLite's connections have no such state."""
    return bool(getattr(driver, "closed", False))


def _forget() -> None:
    """A forked child has its parent's sockets, which both would read from, and its pool without the pool's threads."""
    for each in connections.all(initialized_only=True):
        each.connection = None
        getattr(each, "_connection_pools", {}).clear()


os.register_at_fork(after_in_child=_forget)
