"""Sockets that write down all they hear, and how to know that nothing more is coming."""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from typing import Any

from tests.client import DEADLINE, Person
from tests.revocation.live import Ear

# Until a worker that no announcement reached has looked for itself; with a lot of patience.
FOUND_OUT = 40.0


class Listener(Ear):
    """Everything that one socket hears from now on; frames that came with its subscriptions are `earlier`."""

    def __init__(self, person: Person, socket: Any, earlier: Iterable[dict] = ()) -> None:
        super().__init__(socket)
        self.person = person
        self.frames.extend(earlier)

    def of(self, room: str) -> list[dict]:
        """What it heard of a room: events, what passes, and that it is over; not the answers to commands."""
        return [frame for frame in self.frames if frame.get("room") == room]

    def events(self, room: str) -> list[dict]:
        return [frame for frame in self.of(room) if "seq" in frame]

    def seqs(self, room: str) -> list[int]:
        return [frame["seq"] for frame in self.events(room)]

    def types(self, room: str) -> list[str]:
        return [frame["type"] for frame in self.of(room)]

    async def hears(self, wanted, seconds: float = DEADLINE) -> dict:
        """The first frame that `wanted` says yes to, whenever it came."""
        seen = 0
        async with asyncio.timeout(seconds):
            while True:
                if found := next(filter(wanted, islice(self.frames, seen, None)), None):
                    return found
                seen = len(self.frames)
                assert not self.ended_at, f"closed with {self.code}"
                await asyncio.sleep(0.01)

    async def comes_to(self, room: str, seq: int) -> None:
        await self.hears(lambda frame: frame.get("room") == room and frame.get("seq", 0) >= seq)

    async def told(self, type: str, room: str, seconds: float = DEADLINE) -> dict:
        return await self.hears(lambda frame: frame["type"] == type and frame.get("room") == room, seconds)


@asynccontextmanager
async def listening(*wanted: tuple[Person, int, dict[str, Any] | None]):
    """For each (person, worker, what to subscribe to) a Listener."""
    async with AsyncExitStack() as stack:
        listeners = []
        for person, worker, subscription in wanted:
            socket = await stack.enter_async_context(person.socket(worker=worker))
            if subscription is not None:
                await socket.command("room.subscribe", **subscription)
            listeners.append(Listener(person, socket, socket.passed))
        yield listeners


class Calm:
    """A room that every listener hears: what was announced on a worker before a message there has arrived before it."""

    def __init__(self, owner: Person, room: str) -> None:
        self.owner, self.room = owner, room

    async def come(self, *listeners: Listener) -> None:
        """Whatever any worker has announced so far has been heard by all who still listen."""
        for worker in range(len(self.owner.site.urls)):
            seq = (await self.owner.send(self.room, "calm", worker=worker))["seq"]
        for listener in listeners:
            await listener.comes_to(self.room, seq)


async def calm(owner: Person, *others: Person) -> Calm:
    """To be made before the sockets are opened, which are to subscribe to its `room`."""
    return Calm(owner, await owner.room(*others, name="calm"))


def subscribed(*rooms: str) -> dict[str, Any]:
    return {"rooms": {room: {} for room in rooms}}


class Port:
    """Where a worker listens, as a server that is dialled."""

    def __init__(self, url: str) -> None:
        self.port = int(url.rpartition(":")[2])
