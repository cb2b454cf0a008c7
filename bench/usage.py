"""What processes use, from /proc."""

import contextlib
import os
import time
from collections import defaultdict
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
# In /proc/stat: user, nice, system. Interrupts are nobody's.
_PROGRAMS = slice(1, 4)
# In /proc/<pid>/stat, counted from the state on: the parent; user and system time, and those of children that ended.
_PARENT, _OWN, _WITH_ENDED = 1, slice(11, 13), slice(11, 15)


def resident_bytes(pid: int) -> int:
    """VmRSS."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def busy_cpus(seconds: float) -> float:
    """What runs on the machine anyway."""
    before = _programs_seconds()
    time.sleep(seconds)
    return round((_programs_seconds() - before) / seconds, 2)


class Meter:
    """The CPUs that a server keeps busy from the making of this to `read`, and those that programs not ours do.

    The latter spoil a measurement: there should be hardly any.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = self._look()

    def read(self) -> dict[str, float]:
        seconds, server, ours, everybody = (now - began for now, began in zip(self._look(), self._began, strict=True))
        return {
            "server_cpu": round(server / seconds, 2),
            "others_cpu": max(0.0, round((everybody - ours) / seconds, 2)),
        }

    def _look(self) -> tuple[float, float, float, float]:
        server = _seconds(_fields(self._pid)[_OWN])
        return time.monotonic(), server, _family_seconds(os.getpid()), _programs_seconds()


def _family_seconds(pid: int) -> float:
    """Of a process and everything it started, directly or not."""
    children: dict[int, list[int]] = defaultdict(list)
    times: dict[int, float] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            fields = _fields(int(folder.name))
            children[int(fields[_PARENT])].append(int(folder.name))
            times[int(folder.name)] = _seconds(fields[_WITH_ENDED])
    total, found = 0.0, [pid]
    while found:
        each = found.pop()
        total += times.get(each, 0.0)
        found += children[each]
    return total


def _programs_seconds() -> float:
    return _seconds(Path("/proc/stat").read_text().splitlines()[0].split()[_PROGRAMS])


def _fields(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _seconds(ticks: list[str]) -> float:
    return sum(map(int, ticks)) / _TICKS
