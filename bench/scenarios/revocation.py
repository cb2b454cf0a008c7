"""P10: how long it is from a logout to the silence of its sockets, on two workers."""

import time
from typing import ClassVar

from bench.load.drip import Drip, drip
from bench.load.revoke import Rounds, revoke
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter
from bench.workers import Facts, Worker

_ROOMS = 20
_SENDERS = 20
_MESSAGES_PER_SECOND = 500
_WARMUP = 0.5
_ROUND_SECONDS = 60.0


class Revocations(Scenario):
    """First while nothing else happens, then with other sockets while others write into the same rooms."""

    name: ClassVar[str] = "P10"
    title: ClassVar[str] = "revoke → silence: a logout on one worker, its socket on the other"
    peers: ClassVar[tuple[str, ...]] = ("roomwire",)

    def run(self, peer: Peer) -> Facts:
        people = 30 if self.quick else 300
        with (
            serving(peer, Layout(_ROOMS, 2 * people + _SENDERS)) as (site, server),
            peer.second_server(site) as second,
        ):
            lines = (peer.line(server), peer.line(second))
            rounds = Rounds(lines, [site.seats(range(people)), site.seats(range(people, 2 * people))])
            senders = site.seats(range(2 * people, 2 * people + _SENDERS), listening=False)
            with (
                Worker(revoke, rounds) as clients,
                Worker(drip, Drip(lines, senders, _MESSAGES_PER_SECOND)) as sending,
            ):
                clients.hear("ready", CONNECT_SECONDS)
                sending.hear("ready", CONNECT_SECONDS)
                pids = [server.pid, second.pid]
                quiet = self._round(clients, pids)
                sending.tell("go")
                time.sleep(_WARMUP)
                busy = self._round(clients, pids)
                sending.tell("stop")
                return {"sockets": people, "quiet": quiet, "busy": busy | sending.result(10)}

    def _round(self, clients: Worker, pids: list[int]) -> Facts:
        meters = [Meter(pid) for pid in pids]
        clients.tell("go")
        facts = clients.hear("silent", _ROUND_SECONDS)
        usage = [meter.read() for meter in meters]
        servers = round(sum(each["server_cpu"] for each in usage), 2)
        return facts | {"server_cpu": servers, "others_cpu": usage[0]["others_cpu"]}
