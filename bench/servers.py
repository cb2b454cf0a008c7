"""A measured server: one process, started, waited for, and ended by its pid."""

import contextlib
import os
import signal
import socket
from pathlib import Path
from typing import Self

from bench.ground import FOLDER, PROJECT
from bench.workers import Failed
from devtools.process import end, spawn, wait_until

HOST = "127.0.0.1"
_START_SECONDS = 30.0
_STOP_STEPS = ((signal.SIGTERM, 3.0),)
_LOG_TAIL = 2000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def inherited() -> dict[str, str]:
    """What of our own environment a server gets to see."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


class Server:
    """Listening at `port` for the length of a `with`; what it says goes into a file."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], port: int, cwd: Path = PROJECT) -> None:
        self.port = port
        self._name, self._command, self._env, self._cwd = name, command, env, cwd
        self._log = FOLDER / f"{name}.log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = spawn(self._command, cwd=self._cwd, env=self._env, log=log)
        wait_until(lambda: self._process.poll() is not None or self._listens(), _START_SECONDS)
        if self._process.poll() is not None or not self._listens():
            self.__exit__()
            raise Failed(f"{self._name} did not start:\n{self.log_tail()}")
        return self

    def __exit__(self, *_: object) -> None:
        end(self._process, _STOP_STEPS)

    @property
    def pid(self) -> int:
        return self._process.pid

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-_LOG_TAIL:].strip()

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), timeout=1):
            return True
        return False
