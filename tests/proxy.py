"""A TCP proxy that can go silent without closing anything: what a network that lost its mind looks like."""

import asyncio
import threading
from contextlib import suppress
from typing import Self


class Line:
    """One connection through the proxy: what the client said, what it was told, and whether it is still told."""

    def __init__(self) -> None:
        self.said = self.told = b""
        self.silent = False


class Proxy:
    """Before the server at `target` on this machine, on a loop and a thread of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.lines: list[Line] = []
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _stop(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line()
        self.lines.append(line)
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.target)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._say(line, reader, ours), self._tell(line, theirs, writer))
        ours.close()
        writer.close()

    async def _say(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            line.said += data
            writer.write(data)
        writer.close()

    async def _tell(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            if not line.silent:
                line.told += data
                writer.write(data)
        writer.close()
