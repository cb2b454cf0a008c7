"""P4: connects per second. P5: what a connection that does nothing costs in memory."""

import time
from typing import ClassVar

from bench.load.arrive import Groups, arrive
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter, resident_bytes
from bench.workers import Facts, Worker

_ROOMS = 50
_WARM = 200


class Connects(Scenario):
    name: ClassVar[str] = "P4"
    title: ClassVar[str] = "authenticated and subscribed connects, 64 at a time"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "tutorial", "socketio")

    def run(self, peer: Peer) -> Facts:
        people = 400 if self.quick else 2000
        with serving(peer, Layout(_ROOMS, _WARM + people)) as (site, server):
            groups = [site.seats(range(_WARM)), site.seats(range(_WARM, _WARM + people))]
            with Worker(arrive, Groups(peer.line(server), groups)) as clients:
                clients.tell("go")
                clients.hear("there", CONNECT_SECONDS)
                meter = Meter(server.pid)
                clients.tell("go")
                facts = clients.hear("there", CONNECT_SECONDS)
                usage = meter.read()
                clients.tell("end")
                return facts | usage | clients.result(10)


class Memory(Scenario):
    name: ClassVar[str] = "P5"
    title: ClassVar[str] = "memory of idle, authenticated, subscribed connections in 50 rooms"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "tutorial", "socketio")

    def run(self, peer: Peer) -> Facts:
        warm, people = 300, 500 if self.quick else 5000
        with serving(peer, Layout(_ROOMS, warm + people)) as (site, server):
            groups = [site.seats(range(warm)), site.seats(range(warm, warm + people))]
            with Worker(arrive, Groups(peer.line(server), groups)) as clients:
                before = self._memory_with_next_group(clients, server.pid)
                after = self._memory_with_next_group(clients, server.pid)
                clients.tell("end")
                facts = clients.result(10)
        return facts | {
            "connections": people,
            "bytes_per_connection": round((after - before) / people),
            "before_mb": round(before / 1e6, 1),
            "after_mb": round(after / 1e6, 1),
        }

    def _memory_with_next_group(self, clients: Worker, pid: int) -> int:
        clients.tell("go")
        clients.hear("there", CONNECT_SECONDS)
        time.sleep(1 if self.quick else 4)
        return resident_bytes(pid)
