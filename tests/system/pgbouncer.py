"""Debian's PgBouncer before a PostgreSQL of this machine."""

import contextlib
import os
import secrets
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from devtools.process import end, spawn, wait_until
from devtools.unprivileged import server_account
from tests.servers import free_port

_SETTINGS = """
[databases]
* = host={host} port={port} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
auth_type = plain
auth_file = {folder}/users
pool_mode = {mode}
default_pool_size = {size}
query_wait_timeout = 5
unix_socket_dir =
{more}
"""


@contextmanager
def pgbouncer(url: str, mode: str, more: str = "") -> Iterator[str]:
    """The same database's URL by way of a PgBouncer."""
    server, account, port = urlsplit(url), server_account(), free_port()
    with tempfile.TemporaryDirectory(prefix="roomwire-pgbouncer-") as name:
        folder, password = Path(name), secrets.token_hex(8)
        folder.chmod(0o755)
        text = _SETTINGS.format(
            host=server.hostname,
            port=server.port,
            user=server.username,
            password=server.password,
            listen_port=port,
            folder=folder,
            mode=mode,
            size=3 if mode == "transaction" else 20,
            more=more,
        )
        (folder / "settings").write_text(text)
        (folder / "users").write_text(f'"{server.username}" "{password}"\n')
        with (folder / "log").open("wb") as log:
            command = ["/usr/sbin/pgbouncer", str(folder / "settings")]
            process = spawn(command, cwd=Path("/"), env={"PATH": os.defpath}, log=log, account=account)
        try:
            through = server._replace(netloc=f"{server.username}:{password}@127.0.0.1:{port}").geturl()
            assert wait_until(lambda: _answers(through), 30), (folder / "log").read_text()
            yield through
        finally:
            end(process, [(signal.SIGINT, 5.0)])


def _answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2).close()
        return True
    return False
