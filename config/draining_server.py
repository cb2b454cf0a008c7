"""uvicorn's server and supervisor, with a drain: a worker that is stopped first asks its clients to reconnect."""

import asyncio
import logging
import multiprocessing
import socket
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server
from uvicorn.supervisors import multiprocess

from config import env

logger = logging.getLogger(__name__)

_TICK_SECONDS = 0.1


class DrainingServer(Server):
    """A server that drains before it stops. uvicorn closes all sockets at once, before the lifespan shutdown."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._announce(env.drain_announce_seconds())
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        await self._unless_forced(_leave())
        await super().shutdown(sockets)

    async def _announce(self, seconds: int) -> None:
        """Fail the readiness probe for `seconds` before the port closes, so that load balancers stop sending clients
        before that."""
        if seconds > 0 and not self.force_exit:
            logger.info("Not ready for %s s, then the port closes", seconds)
            stop_being_ready: Callable[[], None] = import_module("api.views.health").stop_being_ready
            stop_being_ready()
            await self._unless_forced(self._serve_on(seconds))

    async def _serve_on(self, seconds: int) -> None:
        for _ in range(int(seconds / _TICK_SECONDS)):
            await self.on_tick(0)  # updates the Date header
            await asyncio.sleep(_TICK_SECONDS)

    async def _unless_forced(self, work: Awaitable[None]) -> None:
        """Await the work; cancel it when a second Ctrl-C forces the exit."""
        task = asyncio.ensure_future(work)
        while not task.done() and not self.force_exit:
            await asyncio.wait([task], timeout=_TICK_SECONDS)
        task.cancel()
        (failure,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(failure, Exception):
            logger.error("draining the connections failed", exc_info=failure)


async def _leave() -> None:
    leave: Callable[[], Awaitable[None]] = import_module("config.asgi").leave
    await leave()


class Worker(multiprocess.Process):
    """A worker process of the supervisor. It runs a DrainingServer, and stops when the supervisor has ended."""

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        threading.Thread(target=_stop_without_supervisor, args=[self.server], daemon=True).start()
        super().target(sockets)

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = DrainingServer(config=self.config)
        return self._server


def _stop_without_supervisor(server: Server) -> None:
    """Stop the server when the supervisor has ended: after kill -9 it could not stop its workers."""
    supervisor = multiprocessing.parent_process()
    assert supervisor is not None, "runs in a worker"
    supervisor.join()
    logger.error("The supervisor has ended without stopping this worker: draining and stopping")
    server.should_exit = True


def run(config: Config) -> None:
    """Serve until stopped, like `uvicorn.run`, but with DrainingServer."""
    if config.workers > 1:
        # The supervisor creates its processes by this name, and has no option for the class of their server.
        multiprocess.Process = Worker  # type: ignore[misc]
        multiprocess.Multiprocess(config, sockets=[config.bind_socket()]).run()
        return
    server = DrainingServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
