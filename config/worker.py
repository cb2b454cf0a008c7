"""uvicorn's server and supervisor, but for one thing: a worker that was told to stop sends its clients away first."""

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server
from uvicorn.supervisors import multiprocess

logger = logging.getLogger(__name__)


class DrainingServer(Server):
    """uvicorn closes all sockets at once when it stops, and tells the application afterwards."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await self._unless_forced(_leave())
        await super().shutdown(sockets)

    async def _unless_forced(self, leaving: Awaitable[None]) -> None:
        """A second Ctrl-C waits for nobody."""
        task = asyncio.ensure_future(leaving)
        while not task.done() and not self.force_exit:
            await asyncio.wait([task], timeout=0.1)
        task.cancel()
        (failure,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(failure, Exception):
            logger.error("clients could not be sent away", exc_info=failure)


async def _leave() -> None:
    leave: Callable[[], Awaitable[None]] = import_module("config.asgi").leave
    await leave()


class Worker(multiprocess.Process):
    """What the supervisor starts; each runs a DrainingServer."""

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = DrainingServer(config=self.config)
        return self._server


def run(config: Config) -> None:
    """`uvicorn.run`, with our server."""
    if config.workers > 1:
        # The supervisor makes its processes by this name, and offers no other way to choose their server.
        multiprocess.Process = Worker  # type: ignore[misc]
        multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
        return
    server = DrainingServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
