"""P10's clients: sockets on two workers, each signed out over REST on the worker that it is not on, one by one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bench import body
from bench.figures import milliseconds
from bench.load.sockets import Line, Lost, Socket, connect_all
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch

_PATIENCE = 10.0
_REVOKED = "Lost: closed 4401"


@dataclass(frozen=True)
class Rounds:
    """The sockets of each round take turns at the lines. All are connected from the beginning."""

    lines: tuple[Line, Line]
    rounds: list[list[Seat]]


async def revoke(spec: Rounds, control: Control) -> Facts:
    """For each "go" the sockets of one round are signed out, and "silent"."""
    rounds = [await _connect(spec.lines, seats) for seats in spec.rounds]
    control.tell("ready")
    for sockets in rounds:
        await control.hear("go")
        control.tell("silent", **await _sign_out_all(spec.lines, sockets))
    return {}


async def _connect(lines: tuple[Line, Line], seats: list[Seat]) -> list[Socket]:
    first, second = await connect_all(lines[0], seats[::2]), await connect_all(lines[1], seats[1::2])
    return [socket for pair in zip(first, second, strict=True) for socket in pair]


async def _sign_out_all(lines: tuple[Line, Line], sockets: Sequence[Socket]) -> Facts:
    callers = {line: await Caller.at(line) for line in lines}
    watch, from_request, from_answer = Stopwatch(), list[int](), list[int]()
    for socket in sockets:
        (other,) = (line for line in lines if line != socket.line)
        asked, answered, silent = await _sign_out(callers[other], socket)
        from_request.append(silent - asked)
        from_answer.append(max(0, silent - answered))
    watch.stop()
    for caller in callers.values():
        caller.close()
    return {
        "from_request": milliseconds(from_request),
        "from_answer": milliseconds(from_answer),
        "generator_cpu": round(watch.cpu, 2),
    }


async def _sign_out(caller: "Caller", socket: Socket) -> tuple[int, int, int]:
    """When it was asked for, when that was answered, and when the socket's close frame was read. Raises Lost."""
    asked = body.now()
    await caller.post(socket.line.dialect.logout(), socket.seat.token)
    answered = body.now()
    try:
        async with asyncio.timeout(_PATIENCE):
            await socket.gone
    except TimeoutError:
        raise Lost(f"a socket was not closed within {_PATIENCE:.0f} s of its logout") from None
    if socket.lost != _REVOKED:
        raise Lost(f"{socket.lost} instead of {_REVOKED}")
    return asked, answered, socket.lost_at


class Caller:
    """REST over a connection that is kept open."""

    def __init__(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._host, self._reader, self._writer = f"{line.host}:{line.port}", reader, writer

    @classmethod
    async def at(cls, line: Line) -> Self:
        return cls(line, *await asyncio.open_connection(line.host, line.port))

    async def post(self, path: str, token: str) -> None:
        """What is answered with nothing. Raises Lost for any other answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n"
        )
        self._writer.write(head.encode())
        async with asyncio.timeout(_PATIENCE):
            answer = await self._reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 204"):
            raise Lost(answer.splitlines()[0].decode())

    def close(self) -> None:
        self._writer.close()
