"""C0: how much the load generator can count at most, with a server that does nothing but send."""

import time
from typing import ClassVar

from bench.load.firehose import FirehoseDialect, Hose, firehose
from bench.load.receive import Audience, receive
from bench.load.sockets import Line
from bench.servers import HOST
from bench.site import Seat
from bench.usage import Meter
from bench.workers import Facts, Failed, Worker

_SOCKETS = 1000
_READERS = 10
_SECONDS = 30.0


class Calibration:
    name: ClassVar[str] = "C0"
    title: ClassVar[str] = "the load generator's own limit, 1 000 sockets"

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick

    def run(self) -> Facts:
        """In writes of fifty frames, and of one, where every frame costs a system call on both sides."""
        return {
            "batched": self._measure(Hose(batch=50, limit=40_000)),
            "single": self._measure(Hose(batch=1, limit=1_200)),
        }

    def _measure(self, hose: Hose) -> Facts:
        with Worker(firehose, hose) as server:
            line = Line(HOST, server.hear("listening", _SECONDS)["port"], FirehoseDialect())
            audience = Audience(line, [Seat("", "")] * _SOCKETS, readers=_READERS, patience=_SECONDS)
            with Worker(receive, audience) as receiving:
                receiving.hear("ready", _SECONDS)
                server.tell("go")
                meter = Meter(server.pid)
                time.sleep(0.5)
                receiving.tell("open")
                time.sleep(1 if self.quick else 3)
                receiving.tell("close")
                usage = meter.read()
                server.tell("stop")
                receiving.tell("expect", messages=server.hear("stopped", _SECONDS)["messages"])
                facts = receiving.result(_SECONDS + 10)
                server.tell("end")
        del facts["latency"]  # the frames were made long before they were sent
        if facts["lost"] or facts["doubled"] or facts["complaints"]:
            raise Failed(f"the generator can't count: {facts}")
        return facts | usage
