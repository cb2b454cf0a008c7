"""A database that lacks what the code needs is refused at start, and reported by `readyz` later."""

import os
import secrets
import subprocess
import sys

import httpx
import psycopg
import pytest

from tests.servers import PROJECT, Server, environment, free_port, manage, migrate

SERVERS = {
    "config.serve": "-m config.serve",
    "uvicorn, two workers": "-m uvicorn --workers 2 --port {port} config.asgi:application",
    "Gunicorn": "-m gunicorn --bind 127.0.0.1:{port} config.wsgi:application",
}
REFUSAL = "Roomwire does not start: the database is not migrated: run `python manage.py migrate` first.\n"


def start(command: str, url: str) -> str:
    """What a server that ends by itself wrote."""
    variables = environment(DATABASE_URL=url, REDIS_URL=os.environ["REDIS_URL"], PORT=str(free_port()))
    words = [sys.executable, *command.format(port=variables["PORT"]).split()]
    done = subprocess.run(words, cwd=PROJECT, env=variables, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr


@pytest.fixture
def empty_database():
    base, name = os.environ["DATABASE_URL"], f"empty_{secrets.token_hex(6)}"
    with psycopg.connect(base, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{base.rpartition('/')[0]}/{name}"


@pytest.mark.parametrize("command", SERVERS.values(), ids=SERVERS.keys())
def test_an_empty_database_is_refused(command, empty_database):
    written = start(command, empty_database)
    assert REFUSAL in written
    assert "Traceback" not in written


def test_an_empty_sqlite_file_is_refused(tmp_path):
    assert start("-m config.serve", f"sqlite:///{tmp_path / 'new.sqlite3'}") == REFUSAL


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_a_database_of_older_code_is_refused(kind, empty_database, tmp_path):
    url = empty_database if kind == "postgres" else f"sqlite:///{tmp_path / 'old.sqlite3'}"
    manage("migrate", "--verbosity", "0", "chat", "0001", DATABASE_URL=url)
    assert REFUSAL in start("-m config.serve", url)


@pytest.fixture
def live(folder, postgres_database):
    url = postgres_database()
    with Server(folder / "migrated.log", DATABASE_URL=url) as server, psycopg.connect(url, autocommit=True) as sql:
        yield server, sql


def readiness(server: Server) -> tuple[int, str]:
    answer = httpx.get(f"{server.url}/readyz", timeout=30)
    return answer.status_code, answer.json()["database"]


def test_a_database_of_newer_code_is_served(live, folder):
    """While a new version is being deployed, processes of the old one go on, and may be started."""
    server, sql = live
    sql.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('chat', '9999_later', now())")
    assert readiness(server) == (200, "ok")
    with Server(folder / "newer.log", DATABASE_URL=server.variables["DATABASE_URL"]) as another:
        assert readiness(another) == (200, "ok")


def test_readyz_tells_of_a_backup_of_older_code_that_was_restored(live):
    server, sql = live
    assert readiness(server) == (200, "ok")
    sql.execute("DELETE FROM django_migrations WHERE app = 'chat' AND name > '0002'")
    assert readiness(server) == (503, "not migrated")
    sql.execute("DROP TABLE django_migrations")
    assert readiness(server) == (503, "not migrated")


def test_a_database_that_is_down_prevents_no_start(folder):
    url = f"postgres://nobody:nothing@127.0.0.1:{free_port()}/nowhere"
    with Server(folder / "no-database.log", DATABASE_URL=url) as server:
        assert readiness(server) == (503, "down")


def test_readyz_of_sqlite(folder, tmp_path):
    path = tmp_path / "live.sqlite3"
    migrate(f"sqlite:///{path}")
    with Server(folder / "sqlite-ready.log", DATABASE_URL=f"sqlite:///{path}") as server:
        assert readiness(server) == (200, "ok")
