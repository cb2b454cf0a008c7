"""Calls from the event loop into the synchronous domain, and back. No other module makes such calls.

Channels runs all queries of a process in one thread. This module has a bounded pool: a slow query delays no other, and
many of them start no more threads than there are database connections.
"""

import asyncio
import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import OperationalError, connection

from core import database

P = ParamSpec("P")
R = TypeVar("R")

_pool = ThreadPoolExecutor(settings.REALTIME_DATABASE_THREADS, thread_name_prefix="domain")
_aside = ThreadPoolExecutor(2, thread_name_prefix="aside")


# The time.monotonic() of the last call that found no database connection.
_unreachable_at = 0.0


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a domain function, once, and wait for it without holding up the loop.

    A call that fails is not repeated: a commit may have succeeded though its answer was lost.
    """
    return await _run(functools.partial(_call, functools.partial(function, *args, **kwargs), time.monotonic()), _pool)


async def aside(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function that needs no database connection, without waiting for calls that do."""
    return await _run(functools.partial(function, *args, **kwargs), _aside)


async def _run(call: Callable[[], R], pool: ThreadPoolExecutor) -> R:
    return await sync_to_async(call, thread_sensitive=False, executor=pool)()


def _call(function: Callable[[], R], asked_at: float) -> R:
    """Call with the thread's own connection, replacing one that broke while it was idle.

    While the database does not answer, each call lasts as long as its deadlines. Calls that waited behind a failed one
    are refused with it: one after the other, they would wait for minutes.
    """
    global _unreachable_at
    if asked_at < _unreachable_at:
        raise OperationalError("the database did not answer an earlier call")
    connection.queries_log.clear()  # which only grows in DEBUG, where requests would clear it
    database.refresh()
    try:
        return function()
    except database.AWAY:
        if database.unreachable():
            _unreachable_at = time.monotonic()
        raise


def on_loop(function: Callable[..., None], *args: Any) -> Callable[[Any], None]:
    """Return a function that schedules `function` on this loop, and that other threads may call."""
    loop = asyncio.get_running_loop()

    def call(argument: Any) -> None:
        loop.call_soon_threadsafe(functools.partial(function, *args, argument))

    return call
