"""P8: two hundred commands at once whose query takes 50 ms each, and whether others notice."""

from typing import ClassVar

from bench.load.errand import Errands, errands
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter
from bench.workers import Facts, Worker


class SlowQueries(Scenario):
    name: ClassVar[str] = "P8"
    title: ClassVar[str] = "200 commands at once with a query of 50 ms, while another socket echoes"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "tutorial")

    def run(self, peer: Peer) -> Facts:
        askers = 20 if self.quick else 200
        with serving(peer, Layout(rooms=1, people=askers + 1)) as (site, server), peer.slowed():
            spec = Errands(peer.line(server), site.seats(range(askers)), site.seat(askers))
            with Worker(errands, spec) as clients:
                clients.hear("open", CONNECT_SECONDS)
                meter = Meter(server.pid)
                clients.hear("close", CONNECT_SECONDS)
                return clients.result(10) | meter.read()
