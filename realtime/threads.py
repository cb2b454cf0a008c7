"""The one door from the event loop to the domain, which is synchronous, and the way back.

Channels' own sends all of a process's queries through one thread. This one has a bounded pool of its own, so
that one slow query delays nobody and a storm of them starts no more threads than there are connections.
"""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from chat import database

P = ParamSpec("P")
R = TypeVar("R")

_pool = ThreadPoolExecutor(settings.REALTIME_DATABASE_THREADS, thread_name_prefix="domain")
_aside = ThreadPoolExecutor(2, thread_name_prefix="aside")


async def in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a domain function and wait for it without holding up the loop."""
    return await _run(functools.partial(_call, functools.partial(function, *args, **kwargs)))


async def in_thread_once(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same for what may not be done twice: when a connection dies, nobody knows what became of it."""
    return await _run(functools.partial(_call_once, functools.partial(function, *args, **kwargs)))


async def aside(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """The same for what asks no database, and does not wait for those that do."""
    return await _run(functools.partial(function, *args, **kwargs), _aside)


async def _run(call: Callable[[], R], pool: ThreadPoolExecutor = _pool) -> R:
    return await sync_to_async(call, thread_sensitive=False, executor=pool)()


def _call_once(function: Callable[[], R]) -> R:
    connection.queries_log.clear()  # as below
    before = database.held()
    try:
        return function()
    except database.AWAY:
        database.lost(before)
        raise


def _call(function: Callable[[], R]) -> R:
    """Each thread keeps its connection. One that died while it was idle is replaced, and nobody notices: what is
    called through this door changes nothing, or may be done twice."""
    connection.queries_log.clear()  # which only grows in DEBUG, where requests would clear it
    before = database.held()
    try:
        return function()
    except database.AWAY:
        if not database.lost(before):
            raise
        return function()


def on_loop(function: Callable[..., None], *args: Any) -> Callable[[Any], None]:
    """`function`, for another thread to call with one more argument: it runs on this loop, soon."""
    loop = asyncio.get_running_loop()

    def call(argument: Any) -> None:
        loop.call_soon_threadsafe(functools.partial(function, *args, argument))

    return call
