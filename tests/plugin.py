"""Sees to the servers the suite needs, before Django reads its settings: those that DATABASE_URL and REDIS_URL
name, or a real PostgreSQL and a real Valkey of our own."""

import contextlib
import os
from collections.abc import Generator

import pytest

from deploy.local.postgres import Postgres
from deploy.local.valkey import Valkey

_ours = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = _ours.enter_context(Postgres(durable=False)).url
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = _ours.enter_context(Valkey()).url
    return (yield)


def pytest_unconfigure() -> None:
    _ours.close()
