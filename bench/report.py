"""The report as a file, for machines and for later."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ground import FOLDER
from bench.rows import ROWS, Results


def write(report: dict[str, Any]) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    return path


def goals(results: Results) -> list[dict[str, str]]:
    return [
        {
            "scenario": row.scenario,
            "figure": row.label.strip(),
            "goal": goal.text,
            "verdict": goal.verdict(row.values(results)),
        }
        for row in ROWS
        if row.scenario in results
        for goal in row.goals
    ]


def summary(machine: dict[str, Any]) -> str:
    """What the figures were measured on, in a line."""
    state = " with changes" if machine["dirty"] else ""
    busy = machine["busy_cpus_before"]
    return (
        f"{machine['cores']} x {machine['cpu']}, Linux {machine['kernel']}, Python {machine['python']}, "
        f"commit {machine['commit'][:10]}{state}; {busy} CPUs were busy before the start"
    )
