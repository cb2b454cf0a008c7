"""The tutorial's chat, on the same uvicorn with the same options, PostgreSQL and Valkey as Roomwire."""

import json
import sys
from dataclasses import asdict
from typing import ClassVar

import psycopg

from bench.ground import Ground, run
from bench.peers.dialect import Dialect
from bench.peers.peer import Peer
from bench.peers.tutorial.dialect import TutorialDialect
from bench.servers import HOST, Server, free_port, inherited
from bench.site import Layout, Site

_OPTIONS = {
    "host": HOST,
    "loop": "uvloop",
    "http": "httptools",
    "ws": "websockets-sansio",
    "ws-max-size": "65536",
    "ws-per-message-deflate": "false",
    "ws-ping-interval": "25",
    "ws-ping-timeout": "25",
    "log-level": "warning",
}


class Tutorial(Peer):
    name: ClassVar[str] = "tutorial"
    dialect: ClassVar[Dialect] = TutorialDialect()
    roams: ClassVar[bool] = False

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.database_url = ground.database(self.database)

    def prepare(self) -> None:
        command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        run(command, self._environment())

    def provision(self, layout: Layout) -> Site:
        said = json.dumps(asdict(layout))
        answer = run([sys.executable, "-m", "bench.peers.tutorial.provision"], self._environment(), said=said)
        return Site(**json.loads(answer))

    def server(self, site: Site) -> Server:
        port = free_port()
        options = [f"--{name}={value}" for name, value in _OPTIONS.items()] + [f"--port={port}"]
        command = [sys.executable, "-m", "uvicorn", *options, "bench.peers.tutorial.asgi:application"]
        return Server(self.name, command, self._environment(), port)

    def stored(self, site: Site) -> int | None:
        with psycopg.connect(self.database_url) as connection:
            query = "SELECT count(*) FROM tutorial_message WHERE room = ANY(%s)"
            row = connection.execute(query, [site.rooms]).fetchone()
        return None if row is None else int(row[0])

    def _environment(self) -> dict[str, str]:
        return inherited() | {
            "DJANGO_SETTINGS_MODULE": "bench.peers.tutorial.settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.ground.valkey.url,
        }
