"""The database connection of a thread that keeps it: whether it is usable, closing it, and dropping it after a fork."""

import os
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError, connection, connections

# Errors that the statement did not cause: the database is down, slow, locked for too long, or read-only after a
# failover.
AWAY = (OperationalError, InterfaceError, InternalError)


def held() -> Any:
    """Return the driver's connection of this thread, to pass it to `lost` later; None if there is none."""
    return connection.connection


def refresh() -> None:
    """Close this thread's connection if it died while it was idle, so that the next statement opens another.

    This costs one system call and no round trip. Work that can't be repeated thus survives a restart of the database.
    """
    is_over = getattr(connection.connection, "is_over", None)
    if is_over is not None and is_over():
        end()
        connection.close()


def end() -> None:
    """Close this thread's connection, and have all older connections replaced."""
    end_driver = getattr(connection.connection, "end", None)
    if end_driver is not None:
        end_driver()


def lost(before: Any) -> bool:
    """Return whether `before`, a connection of the driver (core/postgres.py), has ended."""
    return before is not None and (connection.connection is not before or _closed(before))


def unreachable() -> bool:
    """Return whether this thread has no open connection, after a statement that needed one."""
    return connection.connection is None or _closed(connection.connection)


def _closed(driver: Any) -> bool:
    """Return whether a connection of the driver is closed. Those of SQLite do not say: they count as open."""
    return bool(getattr(driver, "closed", False))


def _forget() -> None:
    """Drop the connections of a forked child: it would read from the same sockets as its parent, and its pool lacks the
    pool's threads."""
    for each in connections.all(initialized_only=True):
        each.connection = None
        getattr(each, "_connection_pools", {}).clear()


os.register_at_fork(after_in_child=_forget)
