"""The same rules on SQLite, where the ORM does what is done by hand on PostgreSQL (chat/bulk_sql.py)."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CHAT = ("chat", "rooms", "direct", "members", "bans", "edits", "reactions", "mentions", "custom", "receipts")
FILES = [
    *(f"tests/chat/test_{name}.py" for name in (*CHAT, "summaries", "sync")),
    *(f"tests/accounts/test_{name}.py" for name in ("tokens", "users")),
    *(f"tests/drafts/test_{name}.py" for name in ("client_refs", "refusals", "told")),
]


@pytest.mark.timeout(900)
def test_the_rules_are_the_same_on_sqlite():
    """What each costs is not, nor what happens at once: one thread writes there."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "-k", "not cost", *FILES]
    variables = os.environ | {"DATABASE_URL": "sqlite://:memory:"}
    run = subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-10_000:]
    assert int(re.search(r"(\d+) passed", run.stdout)[1]) > 200, run.stdout[-500:]
