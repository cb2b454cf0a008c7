"""The sends of one connection that wait for their commit: bounded, and not overtaken by other commands."""

import asyncio

# At this number the client's next frame is not read until one is answered.
_BOUND = 64


class Pipeline:
    __slots__ = ("_changed", "_under_way")

    def __init__(self) -> None:
        self._under_way = 0
        self._changed: asyncio.Event | None = None

    def enter(self) -> None:
        self._under_way += 1

    def leave(self) -> None:
        self._under_way -= 1
        if self._changed is not None:
            self._changed.set()

    async def room(self) -> None:
        """Wait until there is room for one more."""
        await self._at_most(_BOUND - 1)

    async def empty(self) -> None:
        """Wait until all are answered. Other commands wait for it: commands are executed in the order sent."""
        await self._at_most(0)

    async def _at_most(self, number: int) -> None:
        while self._under_way > number:
            self._changed = self._changed or asyncio.Event()
            self._changed.clear()
            await self._changed.wait()
