"""Questions to the domain that every new socket has, gathered: a thousand clients coming back ask a few together.

A question that comes alone is asked at once. While one is under way, and for a moment after it was asked, those
that come wait for each other, unless they are many already: a storm makes few queries, and a trickle waits for none.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Generic, TypeVar
from uuid import UUID

from accounts import admission
from accounts.admission import Knock
from accounts.errors import Unauthenticated
from accounts.tokens import Identity
from chat import access
from chat import positions as places
from chat.log import Head
from chat.positions import Place
from core.errors import RoomwireError
from realtime.threads import in_thread

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_PAUSE_SECONDS = 0.025
_ENOUGH = 32
_AT_ONCE = 200
_CHECKED_AT_ONCE = 500


class Lookup(Generic[Question, Answer]):
    """`answer` is a domain function of many questions, one answer each."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._enough = asyncio.Event()
        self._not_before = 0.0

    async def __call__(self, question: Question) -> Answer:
        """Raises what `answer` raises."""
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
            except Exception as error:  # each of those who asked handles it as their own
                for _, answered in asked:
                    if not answered.done():
                        answered.set_exception(error)
            else:
                for (_, answered), answer in zip(asked, answers, strict=True):
                    if not answered.done():
                        answered.set_result(answer)


positions: Lookup[tuple[UUID, Collection[UUID]], dict[UUID, Head]] = Lookup(access.positions)

# The places of earlier epochs that the log still continues from.
kept: Lookup[Collection[Place], set[Place]] = Lookup(places.kept)

_admit: Lookup[Knock, Identity | RoomwireError | None] = Lookup(admission.admit)


async def admit(knock: Knock) -> Identity | None:
    """Who knocks; None for somebody who has brought nothing. Raises Unauthenticated or RateLimited."""
    answer = await _admit(knock)
    if isinstance(answer, RoomwireError):
        raise answer
    return answer


async def bearer(token: str) -> Identity:
    """Whose token this is. Raises Unauthenticated."""
    identity = await admit(Knock(None, token))
    if identity is None:
        raise Unauthenticated
    return identity


async def dead(identities: Collection[Identity]) -> set[UUID]:
    """The devices of those that are good no more."""
    found: set[UUID] = set()
    asked = list(identities)
    for start in range(0, len(asked), _CHECKED_AT_ONCE):
        found |= await in_thread(admission.dead, asked[start : start + _CHECKED_AT_ONCE])
    return found
