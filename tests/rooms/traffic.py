"""A busy room: a hundred messages a second through both doors and both workers, and all the time some read and type."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

from tests.client import Person

# Of each of the three senders.
PAUSE = 0.03


@contextlib.asynccontextmanager
async def busy(room: str, senders: list[Person], readers: list[Person]):
    """Until the end of the block. Three send, one of them over REST; the others read what comes, and type."""
    one, two, three = senders
    async with contextlib.AsyncExitStack() as stack:
        work: list[Awaitable[None]] = [_by_rest(three, room, 1)]
        for person, worker in ((one, 0), (two, 1)):
            socket = await stack.enter_async_context(person.socket(worker=worker))
            work.append(_by_socket(socket.connection, room))
        for worker, person in enumerate(readers):
            socket = await stack.enter_async_context(person.socket(worker=worker))
            await socket.command("room.subscribe", room=room)
            work.append(_reading_and_typing(socket.connection, room))
        tasks = [asyncio.ensure_future(item) for item in work]
        try:
            yield
            for task in tasks:
                assert not task.done(), task.exception()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _again(act: Callable[[int], Awaitable[object]]) -> None:
    number = 0
    while True:
        await act(number)
        number += 1
        await asyncio.sleep(PAUSE)


async def _by_socket(connection, room: str) -> None:
    async def send(number: int) -> None:
        await connection.send(json.dumps({"type": "message.send", "room": room, "body": f"socket {number}"}))
        await connection.recv()  # the reply: else commands pile up at the server on a slow machine

    await _again(send)


async def _by_rest(person: Person, room: str, worker: int) -> None:
    async def send(number: int) -> None:
        await person.send(room, f"rest {number}", worker=worker)

    await _again(send)


async def _reading_and_typing(connection, room: str) -> None:
    """Every few events that are heard are read; and every few of them something is typed, or no more."""
    heard = 0
    async for text in connection:
        frame = json.loads(text)
        if frame.get("room") != room or "seq" not in frame:
            continue
        heard += 1
        if heard % 4 == 0:
            await connection.send(json.dumps({"type": "room.read", "room": room, "seq": frame["seq"]}))
        if heard % 5 == 0:
            command = "typing.start" if heard % 10 else "typing.stop"
            await connection.send(json.dumps({"type": command, "room": room}))
