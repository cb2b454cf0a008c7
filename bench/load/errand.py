"""P8's clients: many sockets that ask for something slow at once, and one that wants quick answers all the while."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bench import body
from bench.figures import milliseconds
from bench.load.sockets import Line, Lost, Socket, complaints, connect, connect_all
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch

_PATIENCE = 40.0


@dataclass(frozen=True)
class Errands:
    line: Line
    askers: list[Seat]
    echoer: Seat


async def errands(spec: Errands, control: Control) -> Facts:
    askers = await connect_all(spec.line, spec.askers)
    echoer = await connect(spec.line, spec.echoer)
    await _first_message(echoer)
    echo = Echo(echoer)
    # The path that is measured has been walked before.
    await asyncio.sleep(0.5)
    echo.times.clear()
    control.tell("open")
    watch = Stopwatch()
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*(_ask(asker) for asker in askers))
    watch.stop()
    control.tell("close")
    return {
        "seconds": round(watch.seconds, 3),
        "echo": milliseconds(echo.times_until(body.now())),
        "generator_cpu": round(watch.cpu, 2),
        "complaints": complaints([echoer, *askers])[:5],
    }


async def _first_message(socket: Socket) -> None:
    """So that there is something in the room to have read."""
    dialect = socket.line.dialect
    await _exchange(socket, dialect.message(socket.seat.room, 1, body.write(1)), lambda f: dialect.answered(f) == 1)


async def _ask(socket: Socket) -> None:
    dialect = socket.line.dialect
    await _exchange(socket, dialect.slow(socket.seat.room), dialect.slept)


async def _exchange(socket: Socket, question: str, answers: Callable[[bytes], bool]) -> None:
    """Say something and wait for the frame that answers it. Raises Lost."""
    answered = asyncio.get_running_loop().create_future()

    def heard(frame: bytes) -> None:
        if not answered.done() and answers(frame):
            answered.set_result(None)

    socket.heard = heard
    socket.say(question)
    try:
        async with asyncio.timeout(_PATIENCE):
            await answered
    except TimeoutError:
        raise Lost(f"no answer to {question}, {socket.lost}") from None


class Echo:
    """Asks again as soon as it is answered."""

    def __init__(self, socket: Socket) -> None:
        self._socket, self._dialect = socket, socket.line.dialect
        self.times: list[int] = []
        socket.heard = self._heard
        self._ask()

    def times_until(self, now: int) -> list[int]:
        """With the one that is being waited for."""
        return [*self.times, now - self._asked]

    def _ask(self) -> None:
        self._asked = body.now()
        self._socket.say(self._dialect.echo())

    def _heard(self, frame: bytes) -> None:
        if self._dialect.echoed(frame):
            self.times.append(body.now() - self._asked)
            self._ask()
