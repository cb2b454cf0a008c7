"""A client that keeps who is there: what it was told first, and everything it was told after."""

import asyncio
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.client import Person, Socket


class Watcher:
    """Strict: nobody comes who is there, or goes who is not."""

    def __init__(self, room: str, told: dict[str, Any]) -> None:
        self.room = room
        self.heard: list[dict[str, Any]] = []
        self.wrong: list[str] = []
        self._begin(told)

    def _begin(self, told: dict[str, Any]) -> None:
        self.count, self.complete = told["count"], told["complete"]
        self.users = None if told["users"] is None else {each["user"]["id"]: each for each in told["users"]}
        if self.users is not None and len(self.users) != self.count:
            self.wrong.append(f"{self.count} are {told['users']}")

    def hear(self, frame: dict[str, Any]) -> None:
        if not frame["type"].startswith("presence.") or frame["room"] != self.room:
            return
        self.heard.append(frame)
        if frame["type"] == "presence.counted":
            self._begin(frame["data"])
        elif self.users is None:
            self.wrong.append(f"{frame} in a crowd")
        else:
            self._pass(frame["type"], frame["data"])

    def _pass(self, type: str, data: dict[str, Any]) -> None:
        user_id = data["user"]["id"]
        if (user_id in self.users) == (type == "presence.joined"):
            self.wrong.append(f"{type}: {data}")
        if type == "presence.joined":
            self.users[user_id] = data
            self.count += 1
        else:
            self.users.pop(user_id, None)
            self.count -= 1

    @property
    def ids(self) -> set[str]:
        return set(self.users or ())

    @property
    def passed(self) -> list[tuple[str, str]]:
        """(joined or left, who) in the order heard."""
        kinds = ("presence.joined", "presence.left")
        return [(each["type"][9:], each["data"]["user"]["id"]) for each in self.heard if each["type"] in kinds]

    def is_as(self, fresh: dict[str, Any]) -> bool:
        return not self.wrong and (self.count, self._sorted(self.users)) == (fresh["count"], self._of(fresh))

    def _of(self, fresh: dict[str, Any]) -> Any:
        if fresh["users"] is None:
            return None
        return self._sorted({each["user"]["id"]: each for each in fresh["users"]})

    @staticmethod
    def _sorted(users: dict[str, Any] | None) -> Any:
        return None if users is None else sorted(users.items())


class Window:
    """A socket that is read all the time, and the watchers on it."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self.frames: list[dict[str, Any]] = []
        self.watchers: dict[str, Watcher] = {}
        self._number = 0
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            while True:
                self._take(json.loads(await self.socket.connection.recv()))
        except ConnectionClosed:
            pass

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "reply":
            assert frame["ok"], frame
            data = frame["data"]
            for each in [*data.get("rooms", {}).values(), data]:
                if "presence" in each:
                    self.watchers[each["room"]] = Watcher(each["room"], each["presence"])
            self._replies.pop(frame["id"]).set_result(data)
        elif frame["type"].startswith("presence."):
            self.watchers[frame["room"]].hear(frame)

    async def command(self, type: str, **fields: Any) -> Any:
        self._number += 1
        self._replies[self._number] = asyncio.get_running_loop().create_future()
        await self.socket.connection.send(json.dumps({"type": type, "id": self._number, **fields}))
        async with asyncio.timeout(30):
            return await self._replies[self._number] if self._number in self._replies else None

    async def watch(self, room: str, **fields: Any) -> Watcher:
        await self.command("room.subscribe", room=room, presence=True, **fields)
        return self.watchers[room]


@asynccontextmanager
async def window(person: Person, worker: int = 0):
    async with person.socket(worker=worker) as socket:
        opened = Window(socket)
        try:
            yield opened
        finally:
            opened.reading.cancel()
            await asyncio.gather(opened.reading, return_exceptions=True)


@asynccontextmanager
async def watching(person: Person, room: str, worker: int = 0):
    async with window(person, worker) as opened:
        yield await opened.watch(room)


async def until_listed(wanted: Callable[[dict[str, Any]], Any], person: Person, room: str, worker: int = 0) -> Any:
    """The first fresh snapshot of which this is true."""
    async with asyncio.timeout(30):
        while not wanted(fresh := await listed(person, room, worker)):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.05)
    return fresh


async def listed(person: Person, room: str, worker: int = 0) -> dict[str, Any]:
    """A fresh snapshot."""
    return await person.call("GET", f"rooms/{room}/presence/", worker=worker)


async def settled(person: Person, room: str, worker: int = 0) -> dict[str, Any]:
    """One that is sure of itself: a cluster is not for its first seconds."""
    return await until_listed(lambda fresh: fresh["complete"], person, room, worker)


async def agreed(person: Person, room: str, *watchers: Watcher) -> dict[str, Any]:
    """What all of them know is what a fresh snapshot says."""
    async with asyncio.timeout(30):
        while True:
            fresh = await settled(person, room)
            assert not [each.wrong for each in watchers if each.wrong]
            if all(each.is_as(fresh) for each in watchers):
                return fresh
            await asyncio.sleep(0.05)
