"""The scenarios and the peers, and all of one with all of the other."""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

import psycopg

from bench.ground import Ground, prepared
from bench.peers.peer import Peer
from bench.peers.roomwire.peer import Embedded, Roomwire
from bench.peers.socketio.peer import SocketIO
from bench.peers.tutorial.peer import Tutorial
from bench.rows import Results
from bench.scenarios.arrival import Connects, Memory
from bench.scenarios.calibration import Calibration
from bench.scenarios.crowd import Stampede
from bench.scenarios.durable import Durable
from bench.scenarios.errand import SlowQueries
from bench.scenarios.fanout import OneInFlight
from bench.scenarios.flood import FiftyInFlight
from bench.scenarios.revocation import Revocations
from bench.scenarios.scenario import Scenario
from bench.workers import Facts, Failed
from devtools.process import ServiceError

PEERS: tuple[type[Peer], ...] = (Roomwire, Embedded, Tutorial, SocketIO)
SCENARIOS: tuple[type[Scenario], ...] = (
    OneInFlight,
    FiftyInFlight,
    Durable,
    Connects,
    Memory,
    SlowQueries,
    Stampede,
    Revocations,
)
TITLES = {Calibration.name: Calibration.title} | {each.name: each.title for each in SCENARIOS}


@dataclass(frozen=True)
class Choice:
    """`peers` by their columns in the report: Roomwire's has two shapes in it."""

    scenarios: Collection[str]
    peers: Collection[str]
    quick: bool
    in_flight: int


def measure(choice: Choice) -> tuple[Results, dict[str, str]]:
    """The results, and why which peer is left out."""
    results: Results = {}
    left_out: dict[str, str] = {}
    if Calibration.name in choice.scenarios:
        _say(Calibration.name)
        results[Calibration.name] = {"generator": _attempt(Calibration(quick=choice.quick).run)}
    if set(choice.scenarios) - {Calibration.name}:
        with prepared() as ground:
            peers = list(_prepared_peers(choice, ground, left_out))
            _measure_peers(choice, peers, results)
    return results, left_out


def _prepared_peers(choice: Choice, ground: Ground, left_out: dict[str, str]) -> list[Peer]:
    peers = []
    for kind in PEERS:
        if kind.name.partition("-")[0] in choice.peers:
            _say(f"preparing {kind.name}")
            try:
                peer = kind(ground)
                peer.prepare()
                peers.append(peer)
            except Failed as error:
                left_out[kind.name] = str(error)
    return peers


def _measure_peers(choice: Choice, peers: list[Peer], results: Results) -> None:
    """Scenario by scenario, so that figures to be compared are of about the same time."""
    for kind in SCENARIOS:
        scenario = kind(quick=choice.quick, in_flight=choice.in_flight)
        for peer in peers:
            if kind.name in choice.scenarios and peer.name in kind.peers:
                _say(f"{kind.name} {peer.name}")
                results.setdefault(kind.name, {})[peer.name] = _attempt(partial(scenario.run, peer))


def _attempt(run: Callable[[], Facts]) -> Facts:
    """One failure doesn't spoil the rest; it is in the report."""
    try:
        return run()
    except (Failed, ServiceError, OSError, psycopg.Error) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _say(text: str) -> None:
    print(f"… {text}", file=sys.stderr, flush=True)  # noqa: T201
