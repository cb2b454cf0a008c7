"""The base class of the PostgreSQL and Valkey servers: a server on 127.0.0.1 that starts, stops and can be crashed."""

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

# Replaces the user's environment, so that messages, locale and time zone are the same on every machine.
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
_START_SECONDS = 30.0
_PORT_ATTEMPTS = 5
_LOG_TAIL_CHARACTERS = 2000


def wheel_folder(package: str) -> Path:
    """Return the folder of an installed package, without importing it. Raises ServiceError."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"the package {package} is not installed")
    return Path(spec.submodule_search_locations[0]).resolve()


def temporary_path(name: str, folder: str | None = None) -> Path:
    """Return an unpredictable new path in the given folder, or in the temporary folder."""
    return Path(folder or tempfile.gettempdir()).resolve() / f"roomwire-{name}-{secrets.token_hex(8)}"


class Service(ABC):
    """A server process; also a context manager that starts and stops it.

    `home` is the folder for its data, if any, and its log. A port that the caller did not choose may change during the
    first `start`, if another program has taken it meanwhile. After that it is fixed: `kill`, `restart` and `start` keep
    it, so that clients can reconnect.
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
        """The URL for clients, valid once the server has started."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the program's full path and its arguments."""

    @abstractmethod
    def _answers(self) -> bool:
        """Return whether this process serves clients; another one may have its port."""

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
        """Start the server and wait until it serves clients. Raises ServiceError after stopping what was started."""
        if self.running:
            raise ServiceError(f"{self.name} is running already (pid {self.pid})")
        try:
            self._prepare()
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server as gently as possible, and remove `home` unless it is to be kept."""
        self._end(self.stop_steps)
        if not self._keep_home and self.home.exists():
            shutil.rmtree(self.home)

    def kill(self) -> None:
        """Crash the server with SIGKILL: it does not close connections or save data. `start` starts it again."""
        self._end(())

    def restart(self) -> None:
        """Stop the server abruptly, then start it with the same data at the same port."""
        self._end(self.restart_steps)
        self.start()

    def log_tail(self) -> str:
        """Return the end of the server's log since its last start."""
        log = (self.home / "log").read_text(errors="replace")
        return log[-_LOG_TAIL_CHARACTERS:].strip()

    def _prepare(self) -> None:
        """Create the files and folders that the server needs before it starts."""
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
        """Choose another port; or wait a moment if the port is fixed, as a client may use it only briefly."""
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
    """Return a free port of 127.0.0.1.

    It is below the range of ephemeral ports (on Linux from 32768): otherwise a client could take the port of a server
    that is being restarted.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
