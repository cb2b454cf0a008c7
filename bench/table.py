"""The report as text."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from bench.rows import COLUMNS, ROWS, Results, Row, count, share
from bench.workers import Facts

_LABEL, _COLUMN = 30, 13
_HEAD = ("roomwire", "tutorial", "socketio", "÷ tutorial", "÷ socketio")


def lines(results: Results, titles: Mapping[str, str], left_out: Mapping[str, str]) -> Iterator[str]:
    yield _line("", _HEAD, "goals")
    if "C0" in results:
        yield from _calibration(titles["C0"], results["C0"]["generator"])
    for scenario, rows in groupby(ROWS, key=lambda row: row.scenario):
        if scenario in results:
            yield ""
            yield f"{scenario}  {titles[scenario]}"
            yield from (_row(row, results) for row in rows if _measured(row, results))
    yield ""
    yield from _remarks(results, left_out)


def _calibration(title: str, facts: Facts) -> Iterator[str]:
    yield ""
    yield f"C0  {title}"
    for key, label in (("batched", "fifty frames a write"), ("single", "one frame a write")):
        if key in facts:
            figures = facts[key]
            yield f"  {label:{_LABEL}}{count(figures['deliveries_per_s']):>{_COLUMN}} deliveries/s" + (
                f" at {share(figures['generator_cpu'])} of a CPU; the server's is {share(figures['server_cpu'])},"
                f" other programs' {share(figures['others_cpu'])}"
            )


def _row(row: Row, results: Results) -> str:
    values = row.values(results)
    cells = [row.write(value) if (value := values.get(peer)) is not None else "-" for peer in COLUMNS]
    for peer in COLUMNS[1:]:
        ours, theirs = values.get("roomwire"), values.get(peer)
        cells.append(f"{ours / theirs:.2f} x" if row.compared and ours is not None and theirs else "")
    verdicts = "; ".join(f"{goal.text}: {goal.verdict(values)}" for goal in row.goals)
    return _line(row.label, cells, verdicts)


def _measured(row: Row, results: Results) -> bool:
    return any(value is not None for value in row.values(results).values())


def _line(label: str, cells: tuple[str, ...] | list[str], end: str) -> str:
    return (f"  {label:{_LABEL}}" + "".join(f"{cell:>{_COLUMN}}" for cell in cells) + f"  {end}").rstrip()


def _remarks(results: Results, left_out: Mapping[str, str]) -> Iterator[str]:
    """What has to be known to read the figures, and what went wrong."""
    if "P3" in results:
        yield "P3: what was acknowledged was then looked for in the database; any difference is reported below."
        yield "P3: Socket.IO stores nothing, so it is left out. The tutorial has no answers: a sender waits for its own"
        yield "    message, so in the hot room each is delivered to all 20 senders, over 100 rooms to its sender alone."
    if "P9" in results:
        yield "P9: in autocommit each query is a transaction; those of 11 s of waiting for the statistics are included."
    for peer, reason in left_out.items():
        yield f"{peer} is left out: {reason.splitlines()[0]}"
    for scenario, peers in results.items():
        for peer, facts in peers.items():
            yield from (f"{scenario} {peer}: {text.splitlines()[0]}" for text in complaints(facts))


def complaints(facts: Facts) -> list[str]:
    """Also those of the parts of a scenario. The report's file has them in full."""
    found = [str(text) for text in facts.get("complaints", [])]
    if "error" in facts:
        found.append(facts["error"])
    for part in facts.values():
        if isinstance(part, dict):
            found += complaints(part)
    return found
