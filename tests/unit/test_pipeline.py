"""The counter of sends that are under way: who waits for what, and for how long."""

import asyncio

from realtime.connection.pipeline import _BOUND as BOUND
from realtime.connection.pipeline import Pipeline
from tests.unit.clock import virtual


async def settled() -> None:
    await asyncio.sleep(0.01)


def under_way(count: int) -> Pipeline:
    pipeline = Pipeline()
    for _ in range(count):
        pipeline.enter()
    return pipeline


@virtual
async def test_there_is_room_below_the_bound_at_once():
    await under_way(BOUND - 1).room()


@virtual
async def test_at_the_bound_one_enters_for_each_that_leaves():
    pipeline = under_way(BOUND)
    for _ in range(3):
        waiting = asyncio.create_task(pipeline.room())
        await settled()
        assert not waiting.done()
        pipeline.leave()
        await waiting
        pipeline.enter()


@virtual
async def test_it_is_empty_when_the_last_one_left():
    pipeline = under_way(3)
    waiting = asyncio.create_task(pipeline.empty())
    for _ in range(3):
        await settled()
        assert not waiting.done()
        pipeline.leave()
    await waiting
    await pipeline.empty()


@virtual
async def test_what_was_never_entered_is_empty():
    await Pipeline().empty()


@virtual
async def test_a_command_and_a_worker_that_stops_may_both_wait():
    pipeline = under_way(BOUND)
    empty = [asyncio.create_task(pipeline.empty()) for _ in range(2)]
    room = asyncio.create_task(pipeline.room())
    await settled()
    pipeline.leave()
    await room
    for _ in range(BOUND - 1):
        assert not any(task.done() for task in empty)
        pipeline.leave()
        await settled()
    await asyncio.gather(*empty)


@virtual
async def test_who_gives_up_waiting_keeps_nobody_else_from_it():
    pipeline = under_way(1)
    impatient, patient = (asyncio.create_task(pipeline.empty()) for _ in range(2))
    await settled()
    impatient.cancel()
    await settled()
    pipeline.leave()
    await patient


@virtual
async def test_what_enters_before_the_waiter_looks_is_waited_for_too():
    pipeline = under_way(1)
    waiting = asyncio.create_task(pipeline.empty())
    await settled()
    pipeline.leave()
    pipeline.enter()
    await settled()
    assert not waiting.done()
    pipeline.leave()
    await waiting
