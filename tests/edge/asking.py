"""Each server that a deployment may have, by name: a context manager that gives its port."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.test_start import gunicorn
from tests.servers import Server


@contextlib.contextmanager
def _uvicorn(folder: Path, variables: dict[str, str]) -> Iterator[int]:
    with Server(folder / f"asking-{secrets.token_hex(4)}.log", **variables) as server:
        yield server.port


@contextlib.contextmanager
def _gunicorn(folder: Path, variables: dict[str, str]) -> Iterator[int]:
    shared = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4)}
    with gunicorn(folder, **variables, **shared) as url:
        port = urlsplit(url).port
        assert port
        yield port


SERVERS: dict[str, Callable[[Path, dict[str, str]], contextlib.AbstractContextManager[int]]] = {
    "uvicorn": _uvicorn,
    "gunicorn": _gunicorn,
}
