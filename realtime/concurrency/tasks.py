"""Background tasks: kept alive, their errors logged, ended together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)

_RESTART_SECONDS = 1.0
_REPEAT_SECONDS = 1.0


class Tasks:
    """The tasks of one owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
        """Run work for the life of the owner. An unexpected error restarts it."""
        return self.spawn(_kept(work))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.error("a task failed", exc_info=task.exception())

    async def cancel(self) -> None:
        """End all tasks and wait for them.

        A task is cancelled again while it goes on: a TaskGroup of Python 3.11 or 3.12 loses a cancellation that arrives
        together with an error of its own.
        """
        while running := set(self._running):
            for task in running:
                task.cancel()
            await asyncio.wait(running, timeout=_REPEAT_SECONDS)


async def _kept(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    while True:
        try:
            return await work()
        except Exception:
            logger.exception("%s failed and is restarted", work.__qualname__)
        await asyncio.sleep(_RESTART_SECONDS)
