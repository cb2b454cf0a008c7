"""A batching loader: calls that arrive together are answered by one call of a function that takes many.

A question that arrives alone is answered at once. While a batch is under way, and for a moment after it began, later
questions wait for the next batch, unless enough of them wait already: a storm makes few queries, a trickle never waits.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from realtime.concurrency.threads import in_thread

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_PAUSE_SECONDS = 0.025
_ENOUGH = 32
_AT_ONCE = 200


class BatchLoader(Generic[Question, Answer]):
    """`answer` is a domain function that returns one answer for each question, in order."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()
        self._not_before = 0.0

    async def __call__(self, question: Question) -> Answer:
        """Return the answer to one question. Raises what `answer` raises."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((question, answered))
        if len(self._waiting) >= _ENOUGH:
            self._enough.set()
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask_all())
        return await answered

    async def _ask_all(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._not_before - time.monotonic()):
                    await self._enough.wait()
            asked, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            if len(self._waiting) < _ENOUGH:
                self._enough.clear()
            self._not_before = time.monotonic() + _PAUSE_SECONDS
            try:
                answers = await in_thread(self._answer, [question for question, _ in asked])
            except Exception as error:  # every caller of the batch gets the error
                for _, answered in asked:
                    if not answered.done():
                        answered.set_exception(error)
            else:
                for (_, answered), answer in zip(asked, answers, strict=True):
                    if not answered.done():
                        answered.set_result(answer)
