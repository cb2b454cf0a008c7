"""`make run-cluster`, in a project whose server is a stand-in: whatever happens, nothing is left running."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devtools.process import wait_until

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

MANAGE = """
import os, pathlib, psycopg, sys, time
if sys.argv[1] == "seed":
    sys.exit(print(f"seeded for {sys.argv[3]}", flush=True))
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS starts (at timestamptz DEFAULT now())")
    connection.execute("INSERT INTO starts DEFAULT VALUES")
    print("start", connection.execute("SELECT count(*) FROM starts").fetchone()[0], flush=True)
while pathlib.Path("hold_migration").exists():
    time.sleep(0.01)
"""

# Like a server with workers, of which one does not end when it is asked to.
SERVE = """
import http.server, os, redis, subprocess, sys
redis.Redis.from_url(os.environ["REDIS_URL"]).ping()
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(3600)"
subprocess.Popen([sys.executable, "-c", deaf])
place = os.environ["HOST"], int(os.environ["PORT"])
http.server.HTTPServer(place, http.server.SimpleHTTPRequestHandler).serve_forever()
"""


class Cluster:
    """A project folder, and the `run-cluster` commands started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "output"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def start(self, **env: str) -> subprocess.Popen[bytes]:
        names = {"PORT": str(self.port), "TMPDIR": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "devtools.cluster"]
        with self.output.open("wb") as output:
            return subprocess.Popen(
                command, cwd=self.folder, env=names | env, stdout=output, stderr=output, start_new_session=True
            )

    def start_fully(self, **env: str) -> subprocess.Popen[bytes]:
        process = self.start(**env)
        assert wait_until(lambda: "Register a user" in self.said() or process.poll() is not None, 30)
        assert process.poll() is None, self.said()
        return process

    def said(self) -> str:
        return self.output.read_text()

    def processes(self) -> dict[int, str]:
        """Command lines of all that works in the project's folder."""
        found = {}
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink().is_relative_to(self.folder):
                    found[int(process.name)] = (process / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
        return found

    def pid_of(self, words: str) -> int:
        return next(pid for pid, command in self.processes().items() if words in command)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="roomwire-test-")).resolve()
    folder.chmod(0o755)
    shutil.copytree(PROJECT / "devtools", folder / "devtools")
    (folder / "config").mkdir()
    (folder / "manage.py").write_text(MANAGE)
    (folder / "config" / "serve.py").write_text(SERVE)
    cluster = Cluster(folder)
    yield cluster
    left = cluster.processes()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder)
    assert left == {}


def ended(process: subprocess.Popen[bytes]) -> int:
    return process.wait(30)


def test_stops_when_asked_and_keeps_its_data(cluster: Cluster) -> None:
    first = cluster.start_fully()
    assert "start 1" in cluster.said()
    assert f"seeded for http://127.0.0.1:{cluster.port}\n" in cluster.said()
    commands = " ".join(cluster.processes().values())
    assert all(words in commands for words in ("postgres", "valkey-server", "config.serve"))
    os.killpg(first.pid, signal.SIGINT)  # what a terminal's Ctrl-C does
    assert ended(first) == 0
    assert cluster.processes() == {}

    second = cluster.start_fully()
    assert "start 2" in cluster.said()
    second.terminate()
    assert ended(second) == 0


def test_one_at_a_time(cluster: Cluster) -> None:
    first = cluster.start_fully()
    second = cluster.start(PORT="1")
    assert ended(second) == 1
    assert f"process {first.pid} is running" in cluster.said()
    assert first.poll() is None
    first.terminate()
    assert ended(first) == 0


def test_port_in_use(cluster: Cluster) -> None:
    with socket.create_server(("127.0.0.1", cluster.port)):
        assert ended(cluster.start()) == 1
    assert f"PORT {cluster.port}: Address already in use" in cluster.said()
    assert not (cluster.folder / "var" / "cluster" / "postgres").exists()


def test_given_services_are_used(cluster: Cluster) -> None:
    urls = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    assert ended(cluster.start(**urls)) == 1
    assert 'connection to server at "127.0.0.1", port 1 failed' in cluster.said()
    assert "migrate failed with exit code 1" in cluster.said()


@pytest.mark.parametrize("stage", ["postgres/cluster.new", "postgres/cluster/postmaster.pid"])
def test_asked_to_stop_while_starting(cluster: Cluster, stage: str) -> None:
    process = cluster.start()
    sign = cluster.folder / "var" / "cluster" / stage
    assert wait_until(lambda: sign.exists(), 30)
    process.terminate()
    assert ended(process) == 0
    assert cluster.processes() == {}


def test_asked_to_stop_while_migrating(cluster: Cluster) -> None:
    (cluster.folder / "hold_migration").touch()
    process = cluster.start()
    assert wait_until(lambda: "start 1" in cluster.said(), 30)
    process.send_signal(signal.SIGINT)
    assert ended(process) == 0
    assert cluster.processes() == {}


@pytest.mark.parametrize(
    ("victim", "message"),
    [
        ("config.serve", "server ended by itself"),
        ("valkey-server", "Valkey has died"),
        ("bin/postgres -D", "PostgreSQL has died"),
    ],
)
def test_death_of_one_ends_all(cluster: Cluster, victim: str, message: str) -> None:
    process = cluster.start_fully()
    os.kill(cluster.pid_of(victim), signal.SIGKILL)
    assert ended(process) == 1
    assert message in cluster.said()
    assert cluster.processes() == {}


def test_killed_without_a_chance(cluster: Cluster) -> None:
    process = cluster.start_fully()
    deaf = cluster.pid_of("signal.SIG_IGN")
    process.kill()
    ended(process)
    assert wait_until(lambda: set(cluster.processes()) <= {deaf}, 15)
    os.kill(deaf, signal.SIGKILL)
    assert wait_until(lambda: cluster.processes() == {}, 5)
