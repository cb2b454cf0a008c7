"""P3: messages acknowledged per second, with nobody listening who isn't sending."""

import time
from typing import ClassVar

from bench.load.send import Choir, send
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.servers import Server
from bench.site import Layout, Site
from bench.usage import Meter
from bench.workers import Facts, Worker

_SENDERS = 20
_ROOMS = 100
_WARMUP = 1.0
_PATIENCE = 20.0


class Durable(Scenario):
    """Where a socket is bound to one room, a hundred rooms take a hundred sockets: with as many messages in flight."""

    name: ClassVar[str] = "P3"
    title: ClassVar[str] = "durable messages"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "roomwire-sqlite", "tutorial")

    def run(self, peer: Peer) -> Facts:
        hot = self._measure(peer, Layout(rooms=1, people=_SENDERS), self.in_flight)
        if peer.roams:
            return {
                "hot": hot,
                "spread": self._measure(peer, Layout(_ROOMS, _SENDERS, everywhere=True), self.in_flight),
            }
        in_flight = max(1, self.in_flight * _SENDERS // _ROOMS)
        return {"hot": hot, "spread": self._measure(peer, Layout(_ROOMS, _ROOMS), in_flight)}

    def _measure(self, peer: Peer, layout: Layout, in_flight: int) -> Facts:
        with serving(peer, layout) as (site, server):
            facts = self._send(peer, site, server, in_flight)
        stored = peer.stored(site)
        if stored != facts["sent"] or stored != facts["acknowledged"]:
            facts["complaints"].append(f"{stored} messages are in the database")
        return facts | {"stored": stored}

    def _send(self, peer: Peer, site: Site, server: Server, in_flight: int) -> Facts:
        choir = Choir(
            line=peer.line(server),
            seats=site.seats(range(len(site.tokens)), listening=False),
            in_flight=in_flight,
            patience=_PATIENCE,
            rooms=site.rooms if peer.roams else [],
        )
        with Worker(send, choir) as sending:
            sending.hear("ready", CONNECT_SECONDS)
            sending.tell("go")
            time.sleep(_WARMUP)
            meter = Meter(server.pid)
            sending.tell("open")
            time.sleep(2 if self.quick else 6)
            sending.tell("close")
            usage = meter.read()
            sending.hear("finished", _PATIENCE + 10)
            return sending.result(10) | usage
