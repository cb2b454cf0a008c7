"""Receivers by the thousand: most count the messages they get, a few read each one."""

import asyncio
import sys
from collections import defaultdict

from bench import body
from bench.body import MARKER
from bench.frames import Opcode, masked
from bench.load.sockets import BUFFER, VIEW, Line, Socket, connect_all
from bench.site import Seat

_COUNT, _FIND = BUFFER.count, BUFFER.find
_TAIL = len(MARKER) - 1
_PING = 0x80 | Opcode.PING
# No text begins with a control character, so after this byte one of those is a ping's length and not part of a longer
# frame's length. (A ping cut in two between these bytes is missed; the next one is not.)
_LONGEST_PING = 31
_ENOUGH = 5


class Hall:
    """All receivers together. `reached` is done as soon as `target` messages were received in total."""

    def __init__(self) -> None:
        self.total = 0
        self.target = sys.maxsize
        self.reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.readers: list[Reader] = []
        self.tallies: list[Tally] = []

    async def fill(self, line: Line, seats: list[Seat], *, readers: int) -> None:
        """Connect them all; then turn all but some, evenly spread over the order of connecting, into mere counters."""
        every = len(seats) // readers
        for place, socket in enumerate(await connect_all(line, seats)):
            if place % every == 0 and len(self.readers) < readers:
                self.readers.append(Reader(self, socket))
            else:
                self.tallies.append(Tally(self, socket))

    def expect(self, total: int) -> asyncio.Future[None]:
        """Done when so many messages have been received, counted from the beginning."""
        self.target = total
        self.reached = asyncio.get_running_loop().create_future()
        self.check()
        return self.reached

    def check(self) -> None:
        if self.total >= self.target and not self.reached.done():
            self.reached.set_result(None)

    def differences(self, expected: int) -> dict[str, int]:
        """What is missing and what is too much, if every receiver should have got so many messages."""
        counts = [each.count for each in self.readers] + [each.count for each in self.tallies]
        return {
            "lost": sum(max(0, expected - count) for count in counts),
            "doubled": sum(max(0, count - expected) for count in counts),
        }

    def complaints(self) -> list[str]:
        """A few, of sockets that were closed and of messages out of their order."""
        ends = [each.socket.lost for each in self.readers] + [each.lost for each in self.tallies]
        disorder = [text for each in self.readers for text in each.complaints]
        return ([reason for reason in ends if reason is not None] + disorder)[:_ENOUGH]


class Tally(asyncio.BufferedProtocol):
    """Takes a socket over, and counts markers in what it receives without looking at frames.

    It answers the WebSocket's own pings. Engine.IO's are texts, and go unanswered: a hall is over before that matters.
    """

    __slots__ = ("count", "hall", "lost", "tail", "transport")

    def __init__(self, hall: Hall, socket: Socket) -> None:
        self.hall, self.transport = hall, socket.transport
        self.count = 0
        self.lost = socket.lost
        self.tail = socket.rest[-_TAIL:]
        self.transport.set_protocol(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        return VIEW

    def buffer_updated(self, nbytes: int) -> None:
        found = _COUNT(MARKER, 0, nbytes)
        if self.tail:
            found += self._across(nbytes)
        elif BUFFER[nbytes - 1] in MARKER:
            self.tail = bytes(BUFFER[max(0, nbytes - _TAIL) : nbytes])
        if _FIND(_PING, 0, nbytes) >= 0:
            self._answer_pings(nbytes)
        if found:
            self.count += found
            hall = self.hall
            hall.total += found
            if hall.total >= hall.target:
                hall.check()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = f"connection lost: {error}"

    def _across(self, nbytes: int) -> int:
        """Markers that began in an earlier chunk. Joined, both ends are too short to hold a whole one by themselves."""
        found = (self.tail + BUFFER[: min(nbytes, _TAIL)]).count(MARKER)
        end = bytes(BUFFER[max(0, nbytes - _TAIL) : nbytes])
        if nbytes < _TAIL:
            end = (self.tail + end)[-_TAIL:]
        self.tail = end if end[-1] in MARKER else b""
        return found

    def _answer_pings(self, nbytes: int) -> None:
        at = _FIND(_PING, 0, nbytes)
        while 0 <= at < nbytes - 1:
            length = BUFFER[at + 1]
            if length <= _LONGEST_PING:
                self.transport.write(masked(bytes(BUFFER[at + 2 : at + 2 + length]), Opcode.PONG))
            at = _FIND(_PING, at + 1, nbytes)


class Reader:
    """Reads every message: how old it is, and whether any is missing, doubled or out of its order."""

    def __init__(self, hall: Hall, socket: Socket) -> None:
        self.hall, self.socket = hall, socket
        self.count = 0
        self.ages: list[tuple[int, int]] = []
        self.complaints: list[str] = []
        self._last_number: dict[int, int] = defaultdict(int)
        self._last_seq: int | None = None
        self._seq = socket.line.dialect.seq
        self._now = body.now
        socket.heard = self.heard

    def heard(self, frame: bytes) -> None:
        message = body.read(frame)
        if message is None:
            return
        sent, number = message
        now = self._now()
        self.ages.append((now, now - sent))
        self._check(number, self._seq(frame))
        self.count += 1
        self.hall.total += 1
        self.hall.check()

    def _check(self, number: int, seq: int | None) -> None:
        sender, place = divmod(number, body.PER_SENDER)
        if place != self._last_number[sender] + 1:
            self._complain(f"message {place} of sender {sender} after {self._last_number[sender]}")
        self._last_number[sender] = place
        if seq is not None:
            if self._last_seq is not None and seq != self._last_seq + 1:
                self._complain(f"seq {seq} after {self._last_seq}")
            self._last_seq = seq

    def _complain(self, text: str) -> None:
        if len(self.complaints) < _ENOUGH:
            self.complaints.append(text)
