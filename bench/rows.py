"""The lines of the table: which figure of which scenario, how it is written, and what is wanted of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.goals import Goal, Values, at_most, below, less_than, times
from bench.workers import Facts

# Scenario, then peer, then what was measured.
Results = dict[str, dict[str, Facts]]

COLUMNS = ("roomwire", "tutorial", "socketio")


def count(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ")


def ms(value: float) -> str:
    if value >= 1000:
        return f"{value / 1000:.2f} s"
    return f"{value:.1f} ms" if value >= 10 else f"{value:.2f} ms"


def seconds(value: float) -> str:
    return f"{value:.2f} s"


def kilobytes(value: float) -> str:
    return f"{value / 1000:.1f} KB"


def share(value: float) -> str:
    return f"{value:.2f}"


@dataclass(frozen=True)
class Row:
    """`path` leads to the figure; `source` names another peer's results to show in Roomwire's column, alone."""

    scenario: str
    label: str
    path: str
    write: Callable[[float], str]
    goals: tuple[Goal, ...] = ()
    source: str | None = None
    compared: bool = True

    def values(self, results: Results) -> Values:
        peers = results.get(self.scenario, {})
        if self.source is not None:
            return {"roomwire": _figure(peers.get(self.source, {}), self.path)}
        return {peer: _figure(peers.get(peer, {}), self.path) for peer in COLUMNS}


def _figure(facts: Any, path: str) -> float | None:
    for key in path.split("."):
        facts = facts.get(key) if isinstance(facts, dict) else None
    return facts if isinstance(facts, int | float) else None


def _latency(scenario: str, label: str, path: str, *goals: Goal, quantile: str = "p99") -> Row:
    return Row(scenario, f"{label}, {quantile}", f"{path}.{quantile}_ms", ms, goals, compared=False)


def _silence(when: str) -> list[Row]:
    """How long it takes a logout to reach its socket."""
    goals = {"max": (less_than(1000, "1 s"),)}
    return [
        _latency("P10", f"{when}, from the {end}", f"{when}.from_{end}", *goals.get(quantile, ()), quantile=quantile)
        for end in ("request", "answer")
        for quantile in ("p50", "p99", "max")
    ]


def _cpu(scenario: str, path: str = "") -> list[Row]:
    return [
        Row(scenario, "server's CPU", f"{path}server_cpu", share, compared=False),
        Row(scenario, "load generator's CPU", f"{path}generator_cpu", share, compared=False),
        Row(scenario, "other programs' CPU", f"{path}others_cpu", share, compared=False),
    ]


def _completeness(scenario: str) -> list[Row]:
    none = (at_most(0, "0"),)
    return [
        Row(scenario, "deliveries lost", "lost", count, none, compared=False),
        Row(scenario, "deliveries doubled", "doubled", count, none, compared=False),
    ]


ROWS = [
    Row("P1", "deliveries/s", "deliveries_per_s", count, (times("tutorial", 16), times("socketio", 1))),
    _latency("P1", "send to receipt", "latency", quantile="p50"),
    _latency("P1", "send to receipt", "latency"),
    _latency("P1", "in an idle room of 10", "idle", quantile="p50"),
    _latency("P1", "in an idle room of 10", "idle"),
    *_completeness("P1"),
    *_cpu("P1"),
    Row("P2", "deliveries/s", "deliveries_per_s", count, (times("tutorial", 200), times("socketio", 12))),
    Row("P2", "messages/s", "messages_per_s", count),
    _latency("P2", "send to receipt", "latency", quantile="p50"),
    _latency("P2", "send to receipt", "latency", at_most(120, "120 ms")),
    *_completeness("P2"),
    *_cpu("P2"),
    Row("P3", "messages/s, one hot room", "hot.messages_per_s", count, (times("tutorial", 10),)),
    Row("P3", "messages/s, over 100 rooms", "spread.messages_per_s", count),
    Row("P3", "  on SQLite, one hot room", "hot.messages_per_s", count, source="roomwire-sqlite"),
    Row("P3", "  on SQLite, over 100 rooms", "spread.messages_per_s", count, source="roomwire-sqlite"),
    _latency("P3", "send to answer, hot room", "hot.answer"),
    *_cpu("P3", "hot."),
    Row("P4", "connects/s", "connects_per_s", count, (times("tutorial", 2),)),
    _latency("P4", "one connect", "connect"),
    *_cpu("P4"),
    Row("P5", "per connection", "bytes_per_connection", kilobytes, (at_most(24_000, "24 KB"), below("tutorial"))),
    Row("P8", "until all are answered", "seconds", seconds, (at_most(1.8, "1.8 s"),)),
    _latency("P8", "echo meanwhile", "echo", quantile="p50"),
    _latency("P8", "echo meanwhile", "echo", less_than(50, "50 ms"), quantile="max"),
    *_cpu("P8"),
    Row("P9", "half are back", "back_50_s", seconds),
    Row("P9", "99 % are back", "back_99_s", seconds, (at_most(20, "20 s"),)),
    Row("P9", "all are back", "back_all_s", seconds),
    Row("P9", "failed attempts", "errors", count),
    Row("P9", "database transactions for it", "transactions", count, (at_most(1_000, "10 per room"),)),
    *_cpu("P9"),
    *_silence("quiet"),
    *_silence("busy"),
    Row("P10", "busy, messages/s meanwhile", "busy.messages_per_s", count, compared=False),
    *_cpu("P10", "busy."),
]
