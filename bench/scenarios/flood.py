"""P2: fifty senders with a message in flight each, into one room of a thousand receivers."""

import time
from typing import ClassVar

from bench.load.receive import Audience, receive
from bench.load.send import Choir, send
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter
from bench.workers import Facts, Worker

_SENDERS = 50
_READERS = 10
_WARMUP = 2.0
_PATIENCE = 30.0


class FiftyInFlight(Scenario):
    name: ClassVar[str] = "P2"
    title: ClassVar[str] = "fan-out to 1 000 sockets, fifty senders with one message in flight each"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "tutorial", "socketio")

    def run(self, peer: Peer) -> Facts:
        receivers = 100 if self.quick else 1000
        with serving(peer, Layout(rooms=1, people=receivers + _SENDERS)) as (site, server):
            line = peer.line(server)
            audience = Audience(line, site.seats(range(receivers)), readers=_READERS, patience=_PATIENCE)
            people = range(receivers, receivers + _SENDERS)
            choir = Choir(line, site.seats(people, listening=False), in_flight=1, patience=_PATIENCE)
            with Worker(receive, audience) as receiving, Worker(send, choir) as sending:
                receiving.hear("ready", CONNECT_SECONDS)
                sending.hear("ready", CONNECT_SECONDS)
                return self._measure(server.pid, receiving, sending)

    def _measure(self, pid: int, receiving: Worker, sending: Worker) -> Facts:
        sending.tell("go")
        time.sleep(_WARMUP)
        meter = Meter(pid)
        receiving.tell("open")
        sending.tell("open")
        time.sleep(2 if self.quick else 10)
        receiving.tell("close")
        sending.tell("close")
        usage = meter.read()
        messages = sending.hear("finished", _PATIENCE + 10)["messages"]
        receiving.tell("expect", messages=messages)
        heard = receiving.result(_PATIENCE + 10)
        said = sending.result(10)
        senders_cpu = said.pop("generator_cpu")
        complaints = heard.pop("complaints") + said.pop("complaints")
        return said | heard | usage | {"senders_cpu": senders_cpu, "complaints": complaints}
