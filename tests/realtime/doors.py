"""The two doors to a room: every scenario that takes the `door` fixture runs through each of them."""

from contextlib import asynccontextmanager
from typing import Any

from tests.client import Person


class RestDoor:
    name = "rest"

    @asynccontextmanager
    async def open(self, person: Person, worker: int = 0):
        yield _Rest(person, worker)


class _Rest:
    def __init__(self, person: Person, worker: int) -> None:
        self.person, self.worker = person, worker

    async def send(self, room: str, body: Any, **fields: Any) -> dict[str, Any]:
        return await self.person.send(room, body, worker=self.worker, **fields)

    async def read(self, room: str, seq: int) -> dict[str, Any]:
        return await self.person.call("POST", f"rooms/{room}/read/", {"seq": seq}, worker=self.worker)

    async def events(self, room: str, since: int, count: int) -> list[dict[str, Any]]:
        path = f"rooms/{room}/events/?after_seq={since}&limit={count}"
        return (await self.person.call("GET", path, worker=self.worker))["results"]


class SocketDoor:
    name = "socket"

    @asynccontextmanager
    async def open(self, person: Person, worker: int = 0):
        async with person.socket(worker=worker) as socket:
            yield _Socket(socket)


class _Socket:
    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def send(self, room: str, body: Any, **fields: Any) -> dict[str, Any]:
        return await self.socket.command("message.send", room=room, body=body, **fields)

    async def read(self, room: str, seq: int) -> dict[str, Any]:
        return await self.socket.command("room.read", room=room, seq=seq)

    async def events(self, room: str, since: int, count: int) -> list[dict[str, Any]]:
        await self.socket.command("room.subscribe", room=room, since=since)
        return await self.socket.events(count)
