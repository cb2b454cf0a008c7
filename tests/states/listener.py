"""Somebody who hears a room on a socket and keeps their state of it."""

import asyncio
import copy
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any, Self

from tests.client import DEADLINE, Person, Socket
from tests.states import schemas
from tests.states.client_state import RoomState
from tests.states.snapshots import mine

Json = dict[str, Any]


class Listener:
    """`heard` is every frame but replies; `rooms` are the room of the test and others, as far as they are one's own."""

    def __init__(self, person: Person, socket: Socket, state: RoomState, worker: int) -> None:
        self.person, self.socket, self.state, self.worker = person, socket, state, worker
        self.room = state.facts["id"]
        self.heard: list[Json] = []
        # This subscription has; another one may be made.
        self.ended = False
        self.rooms = {self.room} if state.mine else set()

    @classmethod
    @asynccontextmanager
    async def of(cls, person: Person, state: RoomState, *, worker: int = 0):
        """From a snapshot, and all that comes after."""
        async with person.socket(worker=worker) as socket:
            listener = cls(person, socket, copy.deepcopy(state), worker)
            await listener.subscribe()
            yield listener

    async def subscribe(self) -> None:
        asked = {"room": self.room, "since": self.state.seq, "epoch": self.state.epoch}
        reply = await self.socket.command("room.subscribe", **asked)
        schemas.check_reply("room.subscribe", reply)
        self.ended = False
        assert reply["recovered"]
        assert reply["from"] == self.state.seq

    @property
    def events(self) -> list[Json]:
        return [frame for frame in self.heard if "seq" in frame and frame["room"] == self.room]

    @property
    def types(self) -> list[str]:
        return [frame["type"] for frame in self.heard]

    async def hear(self, enough: Callable[[Self], Any]) -> None:
        """Until there is enough."""
        async with asyncio.timeout(DEADLINE):
            while not enough(self):
                self._take(await self.socket.frame())

    def _take(self, frame: Json) -> None:
        schemas.check(frame)
        self.heard.append(frame)
        if frame["type"] == "room.added":
            self.rooms.add(frame["room"])
        elif frame["type"] == "room.removed":
            self.rooms.discard(frame["room"])
            self.ended = self.ended or frame["room"] == self.room
        if frame.get("room") == self.room:
            self.state.apply(frame)

    async def lists_its_rooms(self) -> None:
        """That the room is among one's own, or not, is known without asking."""
        await self.hear(lambda it: (it.room in it.rooms) == it.state.mine)
        listed = await mine(self.person, worker=self.worker)
        assert (self.room in listed) == self.state.mine
        if self.state.mine:
            assert listed[self.room] == self.state.summary()
