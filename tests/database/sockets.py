"""A PostgreSQL of the tests' own that listens on a Unix socket too."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from devtools.postgres import Postgres


class _OnASocket(Postgres):
    def __init__(self, folder: Path) -> None:
        super().__init__(durable=False)
        self.folder = folder

    def _command(self) -> list[str]:
        return [*super()._command(), f"--unix_socket_directories={self.folder}"]


@contextmanager
def on_a_socket() -> Iterator[dict[str, object]]:
    """The parts of its address. A socket's path has a limit of 107 bytes, so pytest's folders won't do."""
    with tempfile.TemporaryDirectory(prefix="rw-") as folder:
        Path(folder).chmod(0o777)
        with _OnASocket(Path(folder)) as server:
            url = urlsplit(server.url)
            yield {
                "folder": folder,
                "quoted": folder.replace("/", "%2F"),
                "port": server.port,
                "name": url.path[1:],
                "user": url.username,
                "password": url.password,
            }
