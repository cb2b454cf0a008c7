"""P9's clients: thousands that are cut off at once, and come back at once."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bench import body
from bench.figures import quantile
from bench.load.sockets import Line, Lost, Socket, complaints, connect_all
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch

# As many attempts at a time as fit any server's backlog.
_ATTEMPTS = 256
_RETRY_SECONDS = 0.5
_PATIENCE = 60.0


@dataclass(frozen=True)
class Crowd:
    """One writer per room writes `missed` messages while nobody is there."""

    line: Line
    listeners: list[Seat]
    writers: list[Seat]
    missed: int


async def crowd(spec: Crowd, control: Control) -> Facts:
    clients = [Client(spec, seat) for seat in spec.listeners]
    sockets = await connect_all(spec.line, spec.listeners)
    for client, socket in zip(clients, sockets, strict=True):
        client.take(socket)
    writers = [Writer(socket) for socket in await connect_all(spec.line, spec.writers)]
    await _write(writers, 1)
    await _until(lambda: all(client.seq for client in clients))
    for client in clients:
        client.drop()
    await asyncio.sleep(1)
    await _write(writers, spec.missed)
    control.tell("away")
    await control.hear("return")
    return await _return(clients, control)


async def _return(clients: "Sequence[Client]", control: Control) -> Facts:
    watch, doors = Stopwatch(), asyncio.Semaphore(_ATTEMPTS)
    tasks = [asyncio.create_task(client.come_back(doors)) for client in clients]
    await asyncio.wait(tasks, timeout=_PATIENCE)
    watch.stop()
    control.tell("back")
    times = [(client.back_at - watch.began) / 1e9 for client in clients if client.back_at]
    complete = len(times) == len(clients)
    return {
        "clients": len(clients),
        "back": len(times),
        "back_50_s": _reached(times, 0.50, len(clients)),
        "back_99_s": _reached(times, 0.99, len(clients)),
        "back_all_s": round(max(times), 2) if complete else None,
        "errors": sum(len(client.errors) for client in clients),
        "complaints": [text for client in clients for text in client.errors][:5],
        "generator_cpu": round(watch.cpu, 2),
    }


def _reached(times: list[float], share: float, clients: int) -> float | None:
    """When this share of all clients was back; None if it never was."""
    missing = [float("inf")] * (clients - len(times))
    found = quantile(times + missing, share)
    return None if found is None or found == float("inf") else round(found, 2)


class Client:
    """Remembers the last `seq` it has seen, and wants all that it missed, in order."""

    def __init__(self, spec: Crowd, seat: Seat) -> None:
        self._line, self._seat, self._missed = spec.line, seat, spec.missed
        self._socket: Socket | None = None
        self._goal = 0
        self._caught_up: asyncio.Future[None] | None = None
        self.seq = 0
        self.back_at = 0
        self.errors: list[str] = []

    def take(self, socket: Socket) -> None:
        self._socket, socket.heard = socket, self._heard

    def drop(self) -> None:
        assert self._socket is not None
        self._socket.drop()
        self._goal = self.seq + self._missed

    async def come_back(self, doors: asyncio.Semaphore) -> None:
        """Try until it has worked: the caller's patience is the limit."""
        while not self.back_at:
            try:
                await self._try(doors)
            except (Lost, OSError, TimeoutError) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
                await asyncio.sleep(_RETRY_SECONDS)

    async def _try(self, doors: asyncio.Semaphore) -> None:
        loop = asyncio.get_running_loop()
        self._caught_up = loop.create_future()
        socket = Socket(self._line, replace(self._seat, since=self.seq), self._heard)
        async with doors:
            await loop.create_connection(lambda: socket, self._line.host, self._line.port)
            await socket.upgraded
        await socket.ready
        await asyncio.wait([self._caught_up, socket.gone], return_when=asyncio.FIRST_COMPLETED)
        if not self._caught_up.done():
            raise Lost(socket.lost)
        self.back_at = body.now()

    def _heard(self, frame: bytes) -> None:
        seq = self._line.dialect.seq(frame)
        if seq is None:
            return
        if self.seq and seq != self.seq + 1:
            raise Lost(f"seq {seq} after {self.seq}")
        self.seq = seq
        if self._caught_up is not None and seq == self._goal:
            self._caught_up.set_result(None)


class Writer:
    """Writes to its room, many messages at a time."""

    def __init__(self, socket: Socket) -> None:
        self.socket = socket
        self._written = 0
        self.unanswered = 0
        socket.heard = self._heard

    def write(self, count: int) -> None:
        self.unanswered += count
        for _ in range(count):
            self._written += 1
            text = body.write(self._written)
            self.socket.say(self.socket.line.dialect.message(self.socket.seat.room, self._written, text))

    def _heard(self, frame: bytes) -> None:
        if self.socket.line.dialect.answered(frame) is not None:
            self.unanswered -= 1


async def _write(writers: Sequence[Writer], count: int) -> None:
    """Raises Lost."""
    for writer in writers:
        writer.write(count)
    try:
        await _until(lambda: not any(writer.unanswered for writer in writers))
    except TimeoutError:
        raise Lost(f"messages were not answered: {complaints(writer.socket for writer in writers)[:3]}") from None


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - of thousands of clients: to look now and then is cheaper
            await asyncio.sleep(0.02)
