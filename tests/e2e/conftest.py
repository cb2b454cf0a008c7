"""A Python client that nobody wrote, and an installation that sends mail."""

import contextlib
import importlib
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.mailbox import Mailbox
from tests.servers import PROJECT, Server


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    """The package openapi-python-client makes of openapi/openapi.yaml."""
    folder: Path = tmp_path_factory.mktemp("generated")
    tools = Path(sys.executable).parent
    command = [tools / "openapi-python-client", "generate", "--meta", "none", "--fail-on-warning"]
    source = ["--path", PROJECT / "openapi" / "openapi.yaml", "--output-path", folder / "roomwire_client"]
    # It formats what it makes with the ruff that stands beside it.
    path = {"PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run([*command, *source], check=True, cwd=folder, timeout=120, env=os.environ | path)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("roomwire_client")
    sys.path.remove(str(folder))


@dataclass
class Mailing:
    urls: list[str]
    mailbox: Mailbox


@pytest.fixture(scope="module")
def mailing(folder, postgres_database, tmp_path_factory):
    """Two workers with all limits on, where nobody signs in without a verified e-mail address."""
    mailbox = Mailbox(tmp_path_factory.mktemp("mail"))
    shared = {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
        "EMAIL_URL": mailbox.url,
        "EMAIL_REQUIRED": "on",
        "ROOMWIRE_RATE_LIMITS": "on",
    }
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Server(folder / f"mailing{n}.log", **shared)) for n in range(2)]
        yield Mailing([worker.url for worker in workers], mailbox)
