"""Senders that write so many messages a second, however long the answers take."""

import asyncio
from dataclasses import dataclass

from bench import body
from bench.load.sockets import Line, Socket, complaints, connect_all
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch

_TICK_SECONDS = 0.02


@dataclass(frozen=True)
class Drip:
    """The senders take turns at the lines, and at sending."""

    lines: tuple[Line, Line]
    seats: list[Seat]
    per_second: int


async def drip(spec: Drip, control: Control) -> Facts:
    """From "go" to "stop"."""
    sockets = [
        socket
        for n, line in enumerate(spec.lines)
        for socket in await connect_all(line, spec.seats[n :: len(spec.lines)])
    ]
    answers = Answers(sockets)
    control.tell("ready")
    await control.hear("go")
    watch, stop = Stopwatch(), asyncio.ensure_future(control.hear("stop"))
    sent = 0
    while not stop.done():
        due = int((body.now() - watch.began) / 1e9 * spec.per_second)
        for number in range(sent + 1, due + 1):
            socket = sockets[number % len(sockets)]
            socket.say(socket.line.dialect.message(socket.seat.room, number, body.write(number)))
        sent = max(sent, due)
        await asyncio.sleep(_TICK_SECONDS)
    watch.stop()
    return {"messages_per_s": round(answers.count / watch.seconds, 1), "complaints": complaints(sockets)[:5]}


class Answers:
    """A refusal ends its socket, and is among the complaints."""

    def __init__(self, sockets: list[Socket]) -> None:
        self.count = 0
        self._answered = sockets[0].line.dialect.answered
        for socket in sockets:
            socket.heard = self._heard

    def _heard(self, frame: bytes) -> None:
        self.count += self._answered(frame) is not None
