"""A room that is never quiet."""

import asyncio
import contextlib

from tests.client import Person


@contextlib.asynccontextmanager
async def busy(person: Person, room: str):
    """Somebody writes there all the time."""

    async def write() -> None:
        async with person.socket() as socket:
            while True:
                await socket.command("message.send", room=room, body="x" * 1_000)

    writing = asyncio.ensure_future(write())
    try:
        yield
    finally:
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
