"""P1: one message at a time to a full room, and now and then a message to a quiet one."""

from typing import ClassVar

from bench.load.fanout import Waves, one_at_a_time
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter
from bench.workers import Facts, Worker

_QUIET = 10
_PAUSE = 0.2


class OneInFlight(Scenario):
    name: ClassVar[str] = "P1"
    title: ClassVar[str] = "fan-out to 1 000 sockets, one message in flight"
    peers: ClassVar[tuple[str, ...]] = ("roomwire", "tutorial", "socketio")

    def run(self, peer: Peer) -> Facts:
        receivers = 100 if self.quick else 1000
        full = self._measure(peer, receivers, readers=receivers // 20, window=2 if self.quick else 6)
        quiet = self._measure(peer, _QUIET, readers=_QUIET, window=2 if self.quick else 8, pause=_PAUSE)
        idle = quiet["latency"] | {name: quiet[name] for name in ("lost", "doubled", "complaints")}
        return full | {"idle": idle}

    def _measure(self, peer: Peer, receivers: int, *, readers: int, window: float, pause: float = 0.0) -> Facts:
        with serving(peer, Layout(rooms=1, people=receivers + 1)) as (site, server):
            spec = Waves(
                line=peer.line(server),
                receivers=site.seats(range(receivers)),
                sender=site.seat(receivers, listening=False),
                readers=readers,
                warmup=1.0,
                window=window,
                pause=pause,
            )
            with Worker(one_at_a_time, spec) as clients:
                clients.hear("open", CONNECT_SECONDS)
                meter = Meter(server.pid)
                clients.hear("close", window + 30)
                usage = meter.read()
                return clients.result(30) | usage
