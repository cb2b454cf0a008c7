"""Sees to the servers the suite needs, before Django reads its settings: those that DATABASE_URL and REDIS_URL
name, or a real PostgreSQL and a real Valkey of our own."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Generator

import pytest

from devtools.postgres import Postgres
from devtools.valkey import Valkey

_MEMORY = "/dev/shm"
_MEMORY_MIN_BYTES = 2 << 30

_ours = contextlib.ExitStack()


def _temporary_folder() -> str:
    """Return a folder in memory if it has room: the suite creates thousands of tables, and each is a file."""
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_MIN_BYTES
    return _MEMORY if roomy else tempfile.gettempdir()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _ours.enter_context(Postgres(durable=False, folder=_temporary_folder())).url
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = _ours.enter_context(Valkey()).url
    return (yield)


def pytest_unconfigure() -> None:
    _ours.close()
