"""The two doors to a room: every scenario that takes the `door` fixture runs through each of them."""

from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

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

    async def edit(self, room: str, message: str, body: Any, **fields: Any) -> dict[str, Any]:
        return await self._call("PATCH", f"rooms/{room}/messages/{message}/", {"body": body, **fields})

    async def delete(self, room: str, message: str) -> dict[str, Any]:
        return await self._call("DELETE", f"rooms/{room}/messages/{message}/")

    async def react(self, room: str, message: str, emoji: str) -> dict[str, Any]:
        return await self._call("PUT", f"rooms/{room}/messages/{message}/reactions/{quote(emoji, safe='')}/")

    async def unreact(self, room: str, message: str, emoji: str) -> dict[str, Any]:
        return await self._call("DELETE", f"rooms/{room}/messages/{message}/reactions/{quote(emoji, safe='')}/")

    async def custom(self, room: str, name: Any, data: Any = None) -> dict[str, Any]:
        return await self._call("POST", f"rooms/{room}/events/", {"name": name, "data": data})

    async def typing(self, room: str, *, now: bool) -> None:
        await self._call("POST", f"rooms/{room}/typing/", {"typing": now})

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        return await self.person.call(method, path, body, worker=self.worker)

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

    async def edit(self, room: str, message: str, body: Any, **fields: Any) -> dict[str, Any]:
        return await self.socket.command("message.edit", room=room, message=message, body=body, **fields)

    async def delete(self, room: str, message: str) -> dict[str, Any]:
        return await self.socket.command("message.delete", room=room, message=message)

    async def react(self, room: str, message: str, emoji: str) -> dict[str, Any]:
        return await self.socket.command("reaction.add", room=room, message=message, emoji=emoji)

    async def unreact(self, room: str, message: str, emoji: str) -> dict[str, Any]:
        return await self.socket.command("reaction.remove", room=room, message=message, emoji=emoji)

    async def custom(self, room: str, name: Any, data: Any = None) -> dict[str, Any]:
        return await self.socket.command("custom.send", room=room, name=name, data=data)

    async def typing(self, room: str, *, now: bool) -> None:
        await self.socket.command("typing.start" if now else "typing.stop", room=room)

    async def events(self, room: str, since: int, count: int) -> list[dict[str, Any]]:
        await self.socket.command("room.subscribe", room=room, since=since)
        return await self.socket.events(count)
