"""The database's connection of a thread that keeps it: noticing that it died, and what a fork leaves of it."""

import os
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError, connection, connections

# What is not the fault of what was asked: away, too slow, locked for too long, read-only after a switch of roles.
AWAY = (OperationalError, InterfaceError, InternalError)


def held() -> Any:
    """The connection under this thread's, to ask `lost` about."""
    return connection.connection


def lost(before: Any) -> bool:
    """Whether the connection that there was has died, for the thread to try again with another.

    Dead ones are cleared out of the pool then, and when it had none to give: left to find out one by one, requests
    would each get one.
    """
    died = before is not None and (connection.connection is not before or not connection.is_usable())
    if died or connection.connection is None:
        replace()
    return died


def replace() -> None:
    """Let go of this thread's connection, and of those in the pool that are dead."""
    connection.close()
    pool = getattr(connection, "pool", None)
    if pool is not None:
        pool.check()


def _forget() -> None:
    """A forked child has its parent's sockets, which both would read from, and its pool without the pool's threads."""
    for each in connections.all(initialized_only=True):
        each.connection = None
        getattr(each, "_connection_pools", {}).clear()


os.register_at_fork(after_in_child=_forget)
