"""Asking the local servers, and looking for what they leave."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="is about what Linux can do")


@contextmanager
def open_folder() -> Iterator[Path]:
    """Unlike `tmp_path`, one that every user can get to."""
    with tempfile.TemporaryDirectory(prefix="roomwire-test-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


def query(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return next(iter(cursor))[0] if cursor.description else None


def gone(pid: int) -> bool:
    """Ended, though perhaps not yet mourned by init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
