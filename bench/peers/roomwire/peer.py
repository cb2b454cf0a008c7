"""Roomwire with production settings, on PostgreSQL and Valkey, or embedded on SQLite."""

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import ClassVar

import psycopg

from bench.ground import FOLDER, Ground, run
from bench.peers.dialect import Dialect
from bench.peers.peer import Peer
from bench.peers.roomwire.dialect import RoomwireDialect
from bench.servers import Server, free_port, inherited
from bench.site import Layout, Site

_SECRET_KEY = "bench-0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-bench"  # noqa: S105 - of a server for minutes

_SLEEP = """
    CREATE FUNCTION bench_sleep() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.05); RETURN NEW; END $$;
    CREATE TRIGGER bench_sleep BEFORE UPDATE ON chat_membership FOR EACH ROW EXECUTE FUNCTION bench_sleep();
"""


class Roomwire(Peer):
    name: ClassVar[str] = "roomwire"
    dialect: ClassVar[Dialect] = RoomwireDialect()

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.database_url = ground.database(self.database)

    def prepare(self) -> None:
        run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], self.environment())

    def provision(self, layout: Layout) -> Site:
        said = json.dumps(asdict(layout))
        answer = run([sys.executable, "-m", "bench.peers.roomwire.provision"], self.environment(), said=said)
        return Site(**json.loads(answer))

    def server(self, site: Site) -> Server:
        return self._server(self.name)

    def second_server(self, site: Site) -> Server:
        return self._server(f"{self.name}-2")

    def _server(self, name: str) -> Server:
        port = free_port()
        env = self.environment() | {"PORT": str(port), "WORKERS": "1"}
        return Server(name, [sys.executable, "-m", "config.serve"], env, port)

    def stored(self, site: Site) -> int | None:
        with psycopg.connect(self.database_url) as connection:
            query = "SELECT count(*) FROM chat_message WHERE room_id = ANY(%s::uuid[])"
            row = connection.execute(query, [site.rooms]).fetchone()
        return None if row is None else int(row[0])

    @contextmanager
    def slowed(self) -> Iterator[None]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(_SLEEP)
            try:
                yield
            finally:
                connection.execute("DROP FUNCTION bench_sleep CASCADE")

    def environment(self) -> dict[str, str]:
        return inherited() | {
            "DJANGO_SETTINGS_MODULE": "config.settings.prod",
            "SECRET_KEY": _SECRET_KEY,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "HTTPS": "off",
            "LOG_LEVEL": "WARNING",
            "ROOMWIRE_RATE_LIMITS": "off",
            # The sockets are opened with tokens that are created before the measurement, as the tutorial's are.
            "REALTIME_QUERY_ACCESS_TOKENS": "on",
            "DATABASE_URL": self.database_url,
            **self.layer(),
        }

    def layer(self) -> dict[str, str]:
        return {"REDIS_URL": self.ground.valkey.url, "REDIS_PREFIX": "bench"}


class Embedded(Roomwire):
    """One process with SQLite and no channel layer but its own memory."""

    name: ClassVar[str] = "roomwire-sqlite"

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._file = FOLDER / "embedded.sqlite3"
        self.database_url = f"sqlite:///{self._file}"

    def prepare(self) -> None:
        for file in FOLDER.glob(f"{self._file.name}*"):
            file.unlink()
        super().prepare()

    def stored(self, site: Site) -> int | None:
        marks = ",".join("?" * len(site.rooms))
        query = f"SELECT count(*) FROM chat_message WHERE room_id IN ({marks})"  # noqa: S608 - only question marks
        with sqlite3.connect(self._file) as connection:
            (count,) = connection.execute(query, [room.replace("-", "") for room in site.rooms]).fetchone()
        return int(count)

    def layer(self) -> dict[str, str]:
        return {}
