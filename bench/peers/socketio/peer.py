"""Socket.IO on Node, installed from npm into var/bench."""

import json
import secrets
import shutil
from pathlib import Path
from typing import ClassVar

from bench.ground import FOLDER, run
from bench.peers.dialect import Dialect
from bench.peers.peer import Peer
from bench.peers.socketio.dialect import SocketIODialect
from bench.servers import Server, free_port, inherited
from bench.site import Layout, Site
from bench.workers import Failed

_SOURCE = Path(__file__).resolve().parent
_FILES = ("package.json", "package-lock.json", "server.js")


def versions() -> dict[str, str]:
    """Of Node and of what is installed with exact versions, for the report."""
    node = shutil.which("node")
    wanted: dict[str, str] = json.loads((_SOURCE / "package.json").read_text())["dependencies"]
    found = {f"npm {name}": version for name, version in wanted.items()}
    return found | ({"node": run([node, "--version"], inherited()).strip()} if node else {})


class SocketIO(Peer):
    name: ClassVar[str] = "socketio"
    dialect: ClassVar[Dialect] = SocketIODialect()

    def prepare(self) -> None:
        npm = shutil.which("npm")
        if npm is None or shutil.which("node") is None:
            raise Failed("node or npm is not installed")
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = self._folder / "package-lock.json"
        installed = lock.exists() and lock.read_bytes() == (_SOURCE / lock.name).read_bytes()
        for name in _FILES:
            shutil.copyfile(_SOURCE / name, self._folder / name)
        if not (installed and (self._folder / "node_modules").exists()):
            run([npm, "ci", "--no-audit", "--no-fund"], inherited(), cwd=self._folder)

    def provision(self, layout: Layout) -> Site:
        """There is no database: the server is told who may come in."""
        rooms = [f"room-{n}-{secrets.token_hex(4)}" for n in range(layout.rooms)]
        return Site(rooms, [secrets.token_hex(20) for _ in range(layout.people)])

    def server(self, site: Site) -> Server:
        tokens = self._folder / "tokens.json"
        tokens.write_text(json.dumps(site.tokens))
        port = free_port()
        env = inherited() | {"TOKENS": str(tokens), "REDIS_URL": self.ground.valkey.url, "PORT": str(port)}
        env["NODE_ENV"] = "production"
        return Server(self.name, [str(shutil.which("node")), "server.js"], env, port, cwd=self._folder)

    @property
    def _folder(self) -> Path:
        return FOLDER / "socketio"
