"""Questions that come together are asked together, and each asker gets the answer to their own."""

import asyncio

import pytest

from realtime.concurrency.batching import BatchLoader
from tests.client import DEADLINE


class Asked:
    """A domain function of many questions, which writes down how many it was asked at once."""

    def __init__(self):
        self.sizes: list[int] = []
        self.error: Exception | None = None

    def __call__(self, questions):
        self.sizes.append(len(questions))
        if self.error is not None:
            raise self.error
        return [question * 2 for question in questions]


@pytest.fixture
def asked():
    return Asked()


async def test_a_thousand_at_once_are_a_few_questions(asked, gather):
    lookup = BatchLoader(asked)
    assert await gather(*(lookup(number) for number in range(1_000))) == [2 * number for number in range(1_000)]
    assert len(asked.sizes) < 20


async def test_those_who_come_while_one_is_under_way_are_asked_together(asked, gather):
    lookup = BatchLoader(asked)
    await gather(lookup(0), *(later(lookup, number) for number in range(20)))
    assert sum(asked.sizes) == 21
    assert len(asked.sizes) < 10


async def later(lookup, number: int) -> None:
    await asyncio.sleep(0)
    assert await lookup(number) == 2 * number


async def test_an_error_is_everybody_s_who_asked_and_nobody_else_s(asked):
    lookup = BatchLoader(asked)
    asked.error = OSError("the database is away")
    answers = await asyncio.gather(*(lookup(number) for number in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OSError] * 3
    asked.error = None
    assert await lookup(4) == 8


async def test_who_gives_up_keeps_nobody_from_an_answer(asked):
    lookup = BatchLoader(asked)
    asking = [asyncio.ensure_future(lookup(number)) for number in range(3)]
    await asyncio.sleep(0)
    asking[1].cancel()
    async with asyncio.timeout(DEADLINE):
        assert [await asking[0], await asking[2]] == [0, 4]
        assert await lookup(5) == 10
