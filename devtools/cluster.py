"""The command of `make run-cluster`: PostgreSQL, Valkey and several server processes on this machine.

HOST (default 127.0.0.1), PORT (8000) and WORKERS (2) are read from the environment. So are DATABASE_URL, REDIS_URL,
SECRET_KEY and ALLOWED_HOSTS, which replace the values of this command. Data is kept in var/cluster. The database that
this command starts gets the demo's users and rooms; the one of DATABASE_URL only with ROOMWIRE_DEMO=on.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from devtools.files import claim, kept_secret
from devtools.postgres import Postgres
from devtools.process import ServiceError, end, spawn
from devtools.service import Service
from devtools.valkey import Valkey

PROJECT = Path(__file__).resolve().parents[1]
STATE = PROJECT / "var" / "cluster"
_STOP_STEPS = ((signal.SIGTERM, 15.0),)


class StopRequested(Exception):
    """A signal requested this command to end."""


class Watch:
    """A wait for conditions. It raises StopRequested after a signal, and ServiceError when a service has died.

    Signal handlers only set a flag, which is checked while waiting: an exception raised by a handler could come between
    the start of a process and the code that ensures its end.
    """

    def __init__(self) -> None:
        self.services: list[Service] = []
        self._stop_requested = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            under_nohup = number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN
            if not under_nohup:
                signal.signal(number, self._note)

    def until(self, condition: Callable[[], bool]) -> None:
        self.check()
        while not condition():
            time.sleep(0.05)
            self.check()

    def check(self) -> None:
        if self._stop_requested:
            raise StopRequested
        for service in self.services:
            if not service.running:
                raise ServiceError(f"{service.name} has died:\n{service.log_tail()}")

    def _note(self, *_: object) -> None:
        self._stop_requested = True


def main() -> int:
    watch = Watch()
    try:
        host, port = os.environ.get("HOST") or "127.0.0.1", _port()
        STATE.mkdir(parents=True, exist_ok=True)
        with claim(STATE), contextlib.ExitStack() as running:
            _refuse_used_port(host, port)
            environment = _environment(host, port) | _services(watch, running)
            _manage(watch, environment, "migrate", "--noinput")
            if environment["ROOMWIRE_DEMO"] != "off":
                _manage(watch, environment, "seed", "--url", _url(environment))
            _serve(watch, environment)
    except StopRequested:
        return 0
    except (ServiceError, PermissionError) as error:
        print(f"run-cluster: {error}", file=sys.stderr)
    return 1


def _port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65_536:
        raise ServiceError(f"PORT is not a port: {text}")
    return int(text)


def _refuse_used_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"can't listen on HOST {host}, PORT {port}: {error.strerror}"
            raise ServiceError(message) from error


def _environment(host: str, port: int) -> dict[str, str]:
    """Return the environment of the server: the user's variables that are not empty, and defaults for those that the
    production settings require."""
    here = ["localhost", "127.0.0.1", "[::1]", _in_url(host)]
    ours = {
        "SECRET_KEY": kept_secret(STATE / "secret_key"),
        "ALLOWED_HOSTS": ",".join(dict.fromkeys(here)),
        "WORKERS": "2",
        # As in `make run`: pages in development may call the API, and there is no proxy that could log tokens in URLs.
        "CORS_ALLOWED_ORIGINS": "http://localhost:3000,http://localhost:5173,http://localhost:8080",
        "REALTIME_QUERY_ACCESS_TOKENS": "on",
        "ROOMWIRE_DEMO": "off" if os.environ.get("DATABASE_URL") else "on",
    }
    theirs = {name: value for name, value in os.environ.items() if value}
    fixed = {
        "DJANGO_SETTINGS_MODULE": "config.settings.prod",
        "HTTPS": "off",
        "HOST": host,
        "PORT": str(port),
    }
    return ours | theirs | fixed


def _services(watch: Watch, running: contextlib.ExitStack) -> dict[str, str]:
    """Start PostgreSQL and Valkey, unless DATABASE_URL or REDIS_URL name others, and return their URLs by variable."""

    def url_of(service: Service) -> str:
        running.enter_context(service)
        watch.services.append(service)
        watch.check()
        return service.url

    urls = {}
    if not os.environ.get("DATABASE_URL"):
        urls["DATABASE_URL"] = url_of(Postgres(data=STATE / "postgres"))
    if not os.environ.get("REDIS_URL"):
        urls["REDIS_URL"] = url_of(Valkey(cwd=PROJECT))
    return urls


@contextlib.contextmanager
def _python(*arguments: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = spawn([sys.executable, *arguments], cwd=PROJECT, env=env)
    try:
        yield process
    finally:
        end(process, _STOP_STEPS)


def _manage(watch: Watch, env: dict[str, str], command: str, *arguments: str) -> None:
    with _python("manage.py", command, *arguments, env=env) as process:
        watch.until(lambda: process.poll() is not None)
        if process.returncode != 0:
            raise ServiceError(f"manage.py {command} failed with exit code {process.returncode}")


def _serve(watch: Watch, env: dict[str, str]) -> NoReturn:
    with _python("-m", "config.serve", env=env) as server:
        place = (_client_host(env["HOST"]), int(env["PORT"]))
        watch.until(lambda: server.poll() is not None or _listening(place))
        if server.poll() is None:
            print(_summary(watch.services, server.pid, env), flush=True)
            watch.until(lambda: server.poll() is not None)
        raise ServiceError(f"the server ended by itself, with exit code {server.returncode}")


def _listening(place: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(place, timeout=1):
        return True
    return False


def _summary(services: list[Service], server_pid: int, env: dict[str, str]) -> str:
    ours = "".join(f"{each.name:10} {each.url}  (pid {each.pid}, {each.home})\n" for each in services)
    user = {"username": f"ada-{secrets.token_hex(3)}", "password": secrets.token_urlsafe(12)}
    return f"""
{"Roomwire":10} {_url(env)}/  (pid {server_pid}, {env["WORKERS"]} workers)
{ours}Stop with Ctrl-C, or: kill {os.getpid()}

Register a user:
curl {_url(env)}/api/v1/auth/register/ \\
  -H 'Content-Type: application/json' -d '{json.dumps(user)}'
"""


def _url(env: dict[str, str]) -> str:
    return f"http://{_in_url(_client_host(env['HOST']))}:{env['PORT']}"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _client_host(host: str) -> str:
    """Return the host at which a client on this machine reaches a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - binds nothing


if __name__ == "__main__":
    sys.exit(main())
