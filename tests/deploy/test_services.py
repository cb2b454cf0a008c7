"""The local PostgreSQL and Valkey: real ones, started, stopped, crashed and looked for afterwards."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from devtools.postgres import Postgres
from devtools.process import ServiceError, end, spawn
from devtools.unprivileged import server_account
from devtools.valkey import Valkey
from tests.deploy.running import gone, on_linux, open_folder, query


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The folder of a stopped PostgreSQL that holds something."""
    with open_folder() as path:
        with Postgres(data=path / "data", durable=False) as postgres:
            query(postgres.url, "CREATE TABLE kept AS SELECT 42 AS answer")
        yield postgres.home


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as valkey:
        yield valkey


def client(valkey: Valkey) -> redis.Redis:
    return redis.Redis.from_url(valkey.url, socket_timeout=0.2, decode_responses=True)


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
