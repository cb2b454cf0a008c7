"""A client's socket that reads every frame, and how sockets are opened by the hundred."""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

from bench.frames import Opcode, masked, split, upgrade
from bench.peers.dialect import Dialect
from bench.site import Seat

# All sockets of a process read into one buffer: each read is dealt with before the next begins.
BUFFER = bytearray(262_144)
VIEW = memoryview(BUFFER)

CONCURRENCY = 64
_OPEN_SECONDS = 60.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)

Heard = Callable[[bytes], object]


class Lost(Exception):
    """The server closed the socket, or never let it in."""


@dataclass(frozen=True)
class Line:
    """Where a server listens, and how to talk to it."""

    host: str
    port: int
    dialect: Dialect


def ignore(frame: bytes) -> None:
    """For sockets whose frames nobody needs."""


class Socket(asyncio.BufferedProtocol):
    """`heard` gets the text frames from the one after the greeting on; heartbeats are answered here.

    `took` is how long it was until the greeting was over, in nanoseconds; `lost_at` is when it ended.
    """

    transport: asyncio.Transport

    def __init__(self, line: Line, seat: Seat, heard: Heard = ignore) -> None:
        self.line, self.seat, self.heard = line, seat, heard
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.rest = b""
        self.lost: str | None = None
        self.lost_at = 0
        self.took = -time.monotonic_ns()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        self.transport.write(upgrade(self.line.host, self.line.port, self.line.dialect.path(self.seat)))

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"connection lost: {error}")
        self.gone.set_result(None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return VIEW

    def buffer_updated(self, nbytes: int) -> None:
        data = self.rest + VIEW[:nbytes]
        try:
            if not self.upgraded.done():
                data = self._upgrade(data)
            if self.upgraded.done():
                frames, self.rest = split(data)
                for opcode, payload in frames:
                    self._take(opcode, payload)
        except Exception as error:  # whatever it is, it is this socket's end and the scenario's finding
            self._fail(f"{type(error).__name__}: {error}")
            self.transport.abort()

    def say(self, text: str) -> None:
        self.transport.write(masked(text.encode()))

    def drop(self) -> None:
        """Be gone without a word, as a phone in a tunnel: the server gets a reset."""
        if self.lost is None:
            self.lost = "dropped"
            with contextlib.suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.transport.abort()

    def _upgrade(self, data: bytes) -> bytes:
        head, ended, rest = data.partition(b"\r\n\r\n")
        if not ended:
            self.rest = data
            return b""
        if not head.startswith(b"HTTP/1.1 101"):
            raise Lost(head.splitlines()[0].decode())
        self.upgraded.set_result(None)
        self._greet(None)
        return rest

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == Opcode.PING:
            self.transport.write(masked(payload, Opcode.PONG))
        elif opcode == Opcode.CLOSE:
            raise Lost(f"closed {int.from_bytes(payload[:2], 'big')}")
        elif (answer := self.line.dialect.heartbeat(payload)) is not None:
            self.say(answer)
        elif self.ready.done():
            self.heard(payload)
        else:
            self._greet(payload)

    def _greet(self, frame: bytes | None) -> None:
        step = self.line.dialect.greet(self.seat, frame)
        if step is True:
            self.took += time.monotonic_ns()
            self.ready.set_result(None)
        elif isinstance(step, str):
            self.say(step)

    def _fail(self, reason: str) -> None:
        if self.lost is None:
            self.lost, self.lost_at = reason, time.monotonic_ns()
        for future in (self.upgraded, self.ready):
            if not future.done():
                future.set_exception(Lost(self.lost))
                future.exception()  # somebody may be waiting for the other one only


async def connect(line: Line, seat: Seat, heard: Heard = ignore) -> Socket:
    """A socket that is authenticated and, if its seat is a listening one, subscribed. Raises Lost."""
    loop = asyncio.get_running_loop()
    opening = Socket(line, seat, heard)
    try:
        async with asyncio.timeout(_OPEN_SECONDS):
            await loop.create_connection(lambda: opening, line.host, line.port)
            await opening.ready
    except (OSError, TimeoutError) as error:
        raise Lost(f"{type(error).__name__}: {error}") from error
    return opening


async def connect_all(line: Line, seats: Iterable[Seat], heard: Heard = ignore) -> list[Socket]:
    """One per seat, in their order, some at a time. Raises Lost if any is, when all have been tried."""
    waiting = iter(list(enumerate(seats)))
    opened: dict[int, Socket] = {}
    lost: list[Lost] = []

    async def work() -> None:
        for place, seat in waiting:
            try:
                opened[place] = await connect(line, seat, heard)
            except Lost as error:
                lost.append(error)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))
    if lost:
        raise Lost(f"{len(lost)} sockets could not be opened, the first because of: {lost[0]}")
    return [opened[place] for place in sorted(opened)]


def complaints(sockets: Iterable[Socket]) -> list[str]:
    """Why sockets that should be open are not."""
    return [opened.lost for opened in sockets if opened.lost is not None]
