"""P9: everybody is cut off at once, misses twenty messages, and comes back at once."""

import time
from typing import ClassVar

import psycopg

from bench.load.crowd import Crowd, crowd
from bench.peers.peer import Peer
from bench.scenarios.scenario import CONNECT_SECONDS, Scenario, serving
from bench.site import Layout
from bench.usage import Meter
from bench.workers import Facts, Worker

_ROOMS = 100
_MISSED = 20
# A server process of PostgreSQL that has nothing to do reports its statistics after ten seconds.
_STATISTICS_SECONDS = 11.0
_TRANSACTIONS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = %s"


class Stampede(Scenario):
    """Transactions are counted by PostgreSQL: in autocommit, each query is one. Those of the eleven seconds of waiting
    for the count are in it."""

    name: ClassVar[str] = "P9"
    title: ClassVar[str] = "all clients are cut off and come back at once, with 20 events missed each"
    peers: ClassVar[tuple[str, ...]] = ("roomwire",)

    def run(self, peer: Peer) -> Facts:
        people = 500 if self.quick else 5000
        with serving(peer, Layout(_ROOMS, people + _ROOMS)) as (site, server):
            writers = site.seats(range(people, people + _ROOMS), listening=False)
            spec = Crowd(peer.line(server), site.seats(range(people)), writers, missed=_MISSED)
            with Worker(crowd, spec) as clients:
                clients.hear("away", CONNECT_SECONDS * 3)
                before = self._transactions(peer)
                meter = Meter(server.pid)
                clients.tell("return")
                clients.hear("back", CONNECT_SECONDS * 2)
                usage = meter.read()
                facts = clients.result(10)
                needed = self._transactions(peer) - before
        return facts | usage | {"rooms": _ROOMS, "transactions": needed}

    def _transactions(self, peer: Peer) -> int:
        """Asked in another database, so that the question isn't counted."""
        time.sleep(_STATISTICS_SECONDS)
        with psycopg.connect(peer.ground.postgres.url, autocommit=True) as connection:
            row = connection.execute(_TRANSACTIONS, [peer.database]).fetchone()
        assert row is not None
        return int(row[0])
