"""The calibration's server: prepared frames, as fast as the sockets take them, to find the generator's own limit."""

import asyncio
from dataclasses import dataclass
from typing import cast

from bench import body
from bench.frames import unmasked
from bench.peers.dialect import Dialect
from bench.site import Seat
from bench.workers import Control, Facts

_UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
# About what one of Roomwire's events has around its text.
_AROUND = '{"type":"message.created","room":"01a20586-83c1-7fe7-9b59-278cfc9dedf1","data":{"body":"%s","more":"%s"}}'
_MORE = "." * 240


@dataclass(frozen=True)
class Hose:
    """`batch` frames go into one write; no socket gets more than `limit` of them."""

    batch: int
    limit: int


class FirehoseDialect(Dialect):
    """There is nothing to say."""

    def path(self, seat: Seat) -> str:
        return "/"

    def greet(self, seat: Seat, frame: bytes | None) -> str | bool:
        return True

    def message(self, room: str, number: int, text: str) -> str:
        raise NotImplementedError

    def answered(self, frame: bytes) -> int | None:
        return None


async def firehose(spec: Hose, control: Control) -> Facts:
    """Says in the end how many messages each socket was sent: all the same number."""
    chunks = _chunks(spec)
    jets: list[Jet] = []
    server = await asyncio.get_running_loop().create_server(lambda: Jet(chunks, jets), "127.0.0.1", 0, backlog=4096)
    control.tell("listening", port=server.sockets[0].getsockname()[1])
    await control.hear("go")
    for jet in jets:
        jet.open_to(len(chunks))
    await control.hear("stop")
    furthest = max(jet.written for jet in jets)
    for jet in jets:
        jet.open_to(furthest)
    control.tell("stopped", messages=furthest * spec.batch)
    await control.hear("end")
    return {}


def _chunks(spec: Hose) -> list[bytes]:
    frames = [unmasked((_AROUND % (body.write(n), _MORE)).encode()) for n in range(1, spec.limit + 1)]
    return [b"".join(frames[at : at + spec.batch]) for at in range(0, spec.limit, spec.batch)]


class Jet(asyncio.Protocol):
    """One socket: the next chunk is written when the last one has gone."""

    transport: asyncio.Transport

    def __init__(self, chunks: list[bytes], jets: list["Jet"]) -> None:
        self._chunks, self._jets = chunks, jets
        self._end = 0
        self._paused = False
        self.written = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        self.transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self.transport.write(_UPGRADED)
        self._jets.append(self)

    def open_to(self, end: int) -> None:
        self._end = end
        self._pump()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._pump()

    def _pump(self) -> None:
        while self.written < self._end and not self._paused:
            self.transport.write(self._chunks[self.written])
            self.written += 1
