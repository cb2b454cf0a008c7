"""Tasks end when their owner cancels them, at any moment."""

import asyncio
from contextlib import suppress

import pytest

from realtime.concurrency.tasks import Tasks


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancellation_that_meets_an_error_of_a_task_group_is_not_lost(steps):
    """Python 3.11 and 3.12 raise the group's error then, and forget the cancellation."""
    failing = asyncio.Event()

    async def fail() -> None:
        await failing.wait()
        raise ConnectionError

    async def work() -> None:
        while True:
            with suppress(Exception):
                async with asyncio.TaskGroup() as group:
                    group.create_task(fail())
            await asyncio.sleep(0.05)
            failing.clear()

    tasks = Tasks()
    task = tasks.spawn(work())
    await asyncio.sleep(0.01)
    failing.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await tasks.cancel()
    assert task.cancelled()
