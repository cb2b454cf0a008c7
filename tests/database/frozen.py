"""PostgreSQL that does not run while its connections stay open: a paused machine, a disk that hangs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from devtools.postgres import Postgres


def processes(postgres: Postgres) -> list[int]:
    children = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text()
    return [postgres.pid, *map(int, children.split())]


@contextmanager
def frozen(postgres: Postgres) -> Iterator[None]:
    """The parent first, so that it starts nothing more."""
    os.kill(postgres.pid, signal.SIGSTOP)
    stopped = processes(postgres)
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
