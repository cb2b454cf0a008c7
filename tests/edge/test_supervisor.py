"""Workers whose supervisor was killed drain, end, and leave the port."""

import os
import secrets
import signal
import socket
from pathlib import Path

import pytest

from tests.client import Site, until
from tests.deploy.running import gone, on_linux
from tests.servers import Server


@pytest.fixture
def cluster(folder, variables):
    shared = {"REDIS_URL": os.environ["REDIS_URL"], "REDIS_PREFIX": secrets.token_hex(4), "WORKERS": "2"}
    with Server(folder / f"supervisor-{secrets.token_hex(4)}.log", **variables, **shared) as server:
        yield server


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@on_linux
async def test_workers_do_not_outlive_their_supervisor(cluster):
    async with Site([cluster.url]).open() as site:
        alice = await site.newcomer("alice")
        workers = workers_of(cluster.process.pid)
        assert len(workers) == 2
        async with alice.socket() as one, alice.socket() as other:
            os.kill(cluster.process.pid, signal.SIGKILL)
            for each in (one, other):
                assert (await each.wait_for(lambda frame: frame["type"] == "goodbye"))["reason"] == "restarting"
                assert await each.closed() == 1012
        await until(lambda: all(map(gone, workers)))
    assert cluster.log.read_text().count("The supervisor has ended") == 2
    with socket.create_server(("127.0.0.1", cluster.port)):
        pass


@on_linux
async def test_a_supervisor_that_stops_its_workers_is_not_missed(cluster):
    workers = workers_of(cluster.process.pid)
    cluster.process.send_signal(signal.SIGTERM)
    await until(lambda: all(map(gone, workers)))
    assert "The supervisor has ended" not in cluster.log.read_text()
