"""A server that can't listen says why in one line, with what to change, before it says anything else."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.running import on_linux
from tests.servers import PROJECT, environment, free_port

COMMANDS = {
    "the check": [sys.executable, "-m", "config.listening"],
    "one process": [sys.executable, "-m", "config.serve"],
    "several": [sys.executable, "-m", "config.serve"],
}
VARIABLES = {"several": {"WORKERS": "2", "REDIS_URL": "redis://127.0.0.1:1/0"}}


def _drop_privilege() -> None:
    """Keep root, after the next exec, from what CAP_NET_BIND_SERVICE (10) allows: PR_CAPBSET_DROP (24)."""
    ctypes.CDLL(None).prctl(24, 10, 0, 0, 0)


def refusal(name: str, *, unprivileged: bool = False, **variables: str) -> str:
    done = subprocess.run(
        COMMANDS[name],
        cwd=PROJECT,
        env=environment(**VARIABLES.get(name, {}), **variables),
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=_drop_privilege if unprivileged else None,
    )
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize("name", COMMANDS)
def test_a_used_port(name):
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        line = refusal(name, PORT=str(port))
    assert line == f"Roomwire does not start: can't listen on HOST 127.0.0.1, PORT {port}: Address already in use."


PLACES = {
    "another machine's address": ({"HOST": "192.0.2.1"}, "HOST 192.0.2.1"),
    "no such name": ({"HOST": "nowhere.invalid"}, "HOST nowhere.invalid"),
    "a port beyond all": ({"PORT": "65536"}, "PORT must be between 0 and 65535"),
    "a port that is none": ({"PORT": "http"}, "PORT must be a whole number"),
    "used on all addresses": ({"HOST": "0.0.0.0", "PORT": "USED"}, "Address already in use"),
}


@pytest.mark.parametrize(("variables", "said"), PLACES.values(), ids=PLACES.keys())
def test_a_place_that_is_none(variables, said):
    with socket.create_server(("127.0.0.1", 0)) as used:
        known = {"USED": str(used.getsockname()[1])}
        places = {"PORT": str(free_port())} | {name: known.get(value, value) for name, value in variables.items()}
        assert said in refusal("one process", **places)


@on_linux
def test_a_privileged_port():
    """The lowest that needs no privilege is the machine's to say; where it says 0, there is none to refuse."""
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    port = min(first, 1_024) - 1
    line = refusal("one process", unprivileged=True, PORT=str(port))
    assert ("Permission denied" if first else "PORT must be between") in line


def test_a_port_whose_connections_are_in_time_wait_is_free():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        port = server.getsockname()[1]
        accepted, _ = server.accept()
        accepted.close()  # first, so that it is the one that waits
        assert client.recv(1) == b""
    done = subprocess.run(COMMANDS["the check"], cwd=PROJECT, env=environment(PORT=str(port)), timeout=60, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("target", ["run", "run-cluster"])
def test_make_prints_no_welcome(target):
    assert shutil.which("make")
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = str(used.getsockname()[1])
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        done = subprocess.run(
            ["make", target], cwd=PROJECT, env=kept | {"PORT": port}, capture_output=True, text=True, timeout=120
        )
    assert done.returncode != 0
    assert f"PORT {port}: Address already in use" in done.stderr
    assert "http://" not in done.stdout + done.stderr
