"""Senders that keep a number of messages in flight, each followed by the next when it is answered."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import body
from bench.figures import milliseconds
from bench.load.sockets import Line, Socket, complaints, connect_all
from bench.peers.dialect import Refused
from bench.site import Seat
from bench.workers import Control, Facts, Stopwatch


@dataclass(frozen=True)
class Choir:
    """With `rooms`, every sender goes through all of them; without, each sends to its seat's."""

    line: Line
    seats: list[Seat]
    in_flight: int
    patience: float
    rooms: list[str] = field(default_factory=list)


async def send(spec: Choir, control: Control) -> Facts:
    sockets = await connect_all(spec.line, spec.seats)
    senders = [Sender(spec, place, socket) for place, socket in enumerate(sockets)]
    control.tell("ready")
    await control.hear("go")
    for sender in senders:
        sender.begin()
    await control.hear("open")
    watch, before = Stopwatch(), sum(each.answered for each in senders)
    await control.hear("close")
    watch.stop()
    answered = sum(each.answered for each in senders) - before
    await _finish(senders, spec.patience)
    control.tell("finished", messages=sum(each.answered for each in senders))
    unanswered = sum(each.sent - each.answered for each in senders)
    refusals = [text for each in senders for text in each.refusals]
    silence = [f"{unanswered} messages were not answered"] if unanswered else []
    times = [time for each in senders for at, time in each.times if watch.began <= at <= watch.ended]
    return {
        "messages_per_s": round(answered / watch.seconds, 1),
        "answer": milliseconds(times),
        "generator_cpu": round(watch.cpu, 2),
        "sent": sum(each.sent for each in senders),
        "acknowledged": sum(each.answered for each in senders),
        "complaints": (silence + refusals + complaints(sockets))[:5],
    }


async def _finish(senders: Sequence["Sender"], patience: float) -> None:
    """Send nothing more, and give what is in flight some time to be answered."""
    for sender in senders:
        sender.stop()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await asyncio.gather(*(each.done for each in senders))


class Sender:
    """One socket. Whatever it hears that answers none of its messages is somebody else's."""

    def __init__(self, spec: Choir, place: int, socket: Socket) -> None:
        self._dialect, self._socket = spec.line.dialect, socket
        self._rooms = spec.rooms or [socket.seat.room]
        # Not all of them at the same room at the same time.
        self._offset = place * len(self._rooms) // len(spec.seats)
        self._first = place * body.PER_SENDER
        self._in_flight, self._sent_at = spec.in_flight, dict[int, int]()
        self._stopped = False
        self.sent = self.answered = 0
        self.times: list[tuple[int, int]] = []
        self.refusals: list[str] = []
        self.done = asyncio.get_running_loop().create_future()
        socket.heard = self._heard

    def begin(self) -> None:
        for _ in range(self._in_flight):
            self._send()

    def stop(self) -> None:
        self._stopped = True
        self._perhaps_done()

    def _send(self) -> None:
        self.sent += 1
        number = self._first + self.sent
        room = self._rooms[(self._offset + self.sent) % len(self._rooms)]
        self._sent_at[number] = body.now()
        self._socket.say(self._dialect.message(room, number, body.write(number)))

    def _heard(self, frame: bytes) -> None:
        try:
            number = self._dialect.answered(frame)
        except Refused as refused:
            # Which one it was is not said everywhere: this sender ends, and its messages stay unanswered.
            self.refusals.append(str(refused))
            return
        sent_at = None if number is None else self._sent_at.pop(number, None)
        if sent_at is None:
            return
        now = body.now()
        self.times.append((now, now - sent_at))
        self.answered += 1
        if self._stopped:
            self._perhaps_done()
        else:
            self._send()

    def _perhaps_done(self) -> None:
        if not self._sent_at and not self.done.done():
            self.done.set_result(None)
