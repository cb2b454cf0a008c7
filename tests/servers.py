"""Real Roomwire processes for tests to talk to."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Self

import httpx

from devtools.process import end, spawn

PROJECT = Path(__file__).resolve().parent.parent
SECRET_KEY = "test-servers-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def environment(**variables: str) -> dict[str, str]:
    """Production (tests/live_settings.py) over plain HTTP, and nothing of the environment the suite runs in."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    base = {
        "DJANGO_SETTINGS_MODULE": "tests.live_settings",
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "CORS_ALLOWED_ORIGINS": "https://app.example.com",
        "HTTPS": "off",
        "LOG_LEVEL": "DEBUG",
        # All of a server's clients come from one address here. The tests of limits say "on".
        "ROOMWIRE_RATE_LIMITS": "off",
        # Opening a socket costs the tests one request less.
        "REALTIME_QUERY_ACCESS_TOKENS": "on",
    }
    return kept | base | variables


def manage(*arguments: str, **variables: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=PROJECT, env=environment(**variables), check=True, timeout=120
    )


@cache
def _with_tables() -> Path:
    """Made once for a process of the suite: all the others are copies."""
    path = Path(tempfile.mkdtemp(prefix="roomwire-")) / "tables.sqlite3"
    atexit.register(shutil.rmtree, path.parent)
    manage("migrate", "--verbosity", "0", DATABASE_URL=f"sqlite:///{path}")
    return path


def migrate(url: str) -> None:
    """Make the SQLite database at `url`, with all its tables."""
    shutil.copy(_with_tables(), url.removeprefix("sqlite:///"))


# Servers that know nothing of Roomwire, each told the one limit that it would set otherwise.
OTHERS = {
    "uvicorn": "uvicorn --port {port} --ws-max-size 65536 config.asgi:application",
    "hypercorn": "hypercorn --bind 127.0.0.1:{port} --websocket-ping-interval 20 config.asgi:application",
    "daphne": "daphne --bind 127.0.0.1 --port {port} config.asgi:application",
}


class Server:
    """One `python -m config.serve`, or another server. Its log is a file, to look at when a test fails."""

    def __init__(self, log: Path, command: str = "config.serve", **variables: str) -> None:
        self.port = free_port()
        self.command = command.format(port=self.port).split()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.variables = environment(**variables, PORT=str(self.port))

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", *self.command]
            self.process = spawn(command, cwd=PROJECT, env=self.variables, log=log)
        deadline = time.monotonic() + 60
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == 200
        except httpx.TransportError:
            return False

    def __exit__(self, *_: object) -> None:
        end(self.process, [(signal.SIGTERM, 15)])
