"""What PostgreSQL and Valkey share here: a server on 127.0.0.1 that starts, stops and crashes."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Self

from devtools.files import open_private
from devtools.process import Account, ServiceError, Steps, end, spawn, wait_until

# Nothing of the user's: the same messages, locale and time zone on every machine.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
_START_SECONDS = 30.0
_PORT_ATTEMPTS = 5
_LOG_TAIL_CHARACTERS = 2000


def wheel_folder(package: str) -> Path:
    """Where an installed package is, without running any of it."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0]).resolve()


def temporary_path(name: str, folder: str | None = None) -> Path:
    """A new name in the temporary folder, or the one given, that nobody could have guessed."""
    return Path(folder or tempfile.gettempdir()).resolve() / f"roomwire-{name}-{secrets.token_hex(8)}"


class Service(ABC):
    """One server process; as a context manager, started and stopped with it.

    `home` is the folder for what it writes: data, if any, and a log. `port` may change in the first
    `start`, when another program took it meanwhile, and never after: `kill`, `restart` and `start`
    leave the server where its clients look for it.
    """

    name: ClassVar[str]
    stop_steps: ClassVar[Steps]
    restart_steps: ClassVar[Steps] = ()

    def __init__(self, *, port: int | None, home: Path, keep_home: bool = False) -> None:
        self.home = home
        self.port = port or _free_port()
        self._keep_home = keep_home
        self._port_is_settled = port is not None
        self._account: Account | None = None
        self._cwd = Path("/")  # every account can enter it
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """What clients connect to, once it has started."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The program, by its full path, and its arguments."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether clients are served, by our process and not another one at its port."""

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServiceError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Return when clients are served. Raises ServiceError, with nothing left running."""
        if self.running:
            raise ServiceError(f"{self.name} is running already (pid {self.pid})")
        try:
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it as gently as it allows, and remove what was for this run only."""
        self._end(self.stop_steps)
        if not self._keep_home and self.home.exists():
            shutil.rmtree(self.home)

    def kill(self) -> None:
        """Crash it: no goodbye to its clients, nothing written down. `start` brings it back."""
        self._end(())

    def restart(self) -> None:
        """An abrupt end, then a start with the same data at the same port."""
        self._end(self.restart_steps)
        self.start()

    def log_tail(self) -> str:
        """The end of what it has said since it started."""
        log = (self.home / "log").read_text(errors="replace")
        return log[-_LOG_TAIL_CHARACTERS:].strip()

    def _prepare(self) -> None:
        """Make what has to be on disk before the start."""
        self.home.mkdir(mode=0o700, exist_ok=True)

    def _launch(self) -> None:
        for _ in range(_PORT_ATTEMPTS):
            self._process = self._spawn(self._command())
            answered = wait_until(lambda: not self.running or self._answers(), _START_SECONDS)
            if answered and self.running:
                self._port_is_settled = True
                return
            if "Address already in use" not in self.log_tail():
                break
            self._avoid_clash()
        raise ServiceError(f"{self.name} did not start on port {self.port}:\n{self.log_tail()}")

    def _avoid_clash(self) -> None:
        """A settled port is worth waiting for: a client may hold it for a moment."""
        if self._port_is_settled:
            time.sleep(0.1)
        else:
            self.port = _free_port()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with open(self.home / "log", "wb", opener=open_private) as log:
            return spawn(
                command,
                cwd=self._cwd,
                env=_ENVIRONMENT,
                log=log,
                account=self._account,
                death_signal=self.stop_steps[0][0],
            )

    def _end(self, steps: Steps) -> None:
        if self._process is not None:
            end(self._process, steps)
            self._process = None


def _free_port() -> int:
    """A port of 127.0.0.1 at which nobody listens.

    Below the range (on Linux from 32768) that the kernel lends to clients: one of them could
    otherwise hold the port of a server that is being restarted.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
