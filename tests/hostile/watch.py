"""What clients cost a server: its connections and its memory."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from pathlib import Path

from tests.raw import Raw
from tests.servers import Server

OUTBOX_MB = 1.0
# Until the server has given up whoever stalls: after 10 s with a full outbox, or 30 s of the kernel's patience.
GONE_SECONDS = 45.0
# What a deadline of the server's may be late by, on a machine that has other things to do.
SLACK_SECONDS = 15.0


def held(server: Server) -> set[int]:
    """The ports of the clients whose connections the server has a descriptor for."""
    descriptors = set()
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            descriptors.add(str(link.readlink()))
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, ours, theirs, *_, inode = line.split()[:10]
        if f"socket:[{inode}]" in descriptors and int(ours.rpartition(":")[2], 16) == server.port:
            ports.add(int(theirs.rpartition(":")[2], 16))
    return ports - {0}  # where it listens


async def gone(server: Server, clients: dict[str, Raw], seconds: float = GONE_SECONDS) -> None:
    """Wait until the server holds none of these any more."""
    waiting = set(clients)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while waiting:
                await asyncio.sleep(0.1)
                ports = held(server)
                waiting = {name for name in waiting if clients[name].port in ports}
    assert not waiting, f"still there after {seconds} s"


def numbered(clients: Iterable[Raw]) -> dict[str, Raw]:
    return {str(number): client for number, client in enumerate(clients)}


class Memory:
    """By how much a server's memory has grown at the most, in MB."""

    def __init__(self, server: Server) -> None:
        self._process = Path(f"/proc/{server.process.pid}")
        (self._process / "clear_refs").write_text("5")  # forgets the peak
        self._before = self._megabytes("VmRSS")

    def _megabytes(self, name: str) -> float:
        found = re.search(rf"{name}:\s*(\d+) kB", (self._process / "status").read_text())
        assert found
        return int(found[1]) / 1_024

    @property
    def growth(self) -> float:
        return self._megabytes("VmHWM") - self._before
