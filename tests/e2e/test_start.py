"""The README's commands as a newcomer meets them: a copy of the project, an empty HOME, nothing installed."""

import asyncio
import json
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.client import Person, Site
from tests.servers import PROJECT, Server, environment, free_port

# What pip may need to reach its index from here; the rest of the environment is not a newcomer's.
KEPT = re.compile(r"^(PATH|PIP_.*|SSL_CERT_.*|https?_proxy|no_proxy)$", re.IGNORECASE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """The files git would give: tracked ones, and those about to be."""
    folder = tmp_path_factory.mktemp("newcomer") / "roomwire"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((PROJECT / name).read_bytes())
            (folder / name).chmod((PROJECT / name).stat().st_mode)
    return folder


@contextmanager
def started(folder: Path, target: str, **variables: str):
    """`make <target>` in a terminal of its own, until it answers; then Ctrl-C, as a person would."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if KEPT.match(name)}
    port = free_port()
    output = folder.parent / f"{target}-{port}.log"
    with output.open("wb") as log:
        process = subprocess.Popen(
            ["make", target],
            cwd=folder,
            env=kept | {"HOME": str(home), "PORT": str(port)} | variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(process, f"http://127.0.0.1:{port}/readyz", output)
        yield process, output
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def _wait_for(process: subprocess.Popen, url: str, output: Path) -> None:
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer:\n{output.read_text()}")


async def test_make_run_then_what_it_prints(clone):
    with started(clone, "run") as (_, output):
        text = output.read_text()
        curl = re.search(r"curl http.*?\\\n.*", text)
        assert curl, text
        login = await _run([*shlex.split(curl[0].replace("\\\n", " ")), "-s"])
        token = json.loads(login)["access_token"]
        url = await _printed_socket(clone, text)
        async with connect(url) as socket:
            welcome, subscribed = [json.loads(await socket.recv()) for _ in range(2)]
            assert (welcome["type"], subscribed["data"]["from"]) == ("welcome", 0)
            head = subscribed["data"]["head"]
            events = [json.loads(await socket.recv()) for _ in range(head)]
            assert [event["seq"] for event in events] == list(range(1, head + 1))
            assert "Hello Bob!" in "".join(event["data"].get("body", "") for event in events)
            base = url.split("/ws/")[0].replace("ws", "http", 1)
            path = f"/api/v1/rooms/{subscribed['data']['room']}/messages/"
            headers = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"]
            await _run(["curl", "-s", base + path, *headers, "-d", '{"body": "from curl"}'])
            assert json.loads(await socket.recv())["data"]["body"] == "from curl"
        await _try_the_readme(clone, base)
        async with httpx.AsyncClient() as http:
            page = await http.get(f"{base}/demo/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "http" not in "".join(re.findall(r"""(?:src|href)=["']([^"']+)""", page.text))
    assert "Traceback" not in output.read_text()


async def _printed_socket(folder: Path, text: str) -> str:
    """The URL that the printed lines for a shell arrive at. It has a ticket: access tokens stay out of URLs."""
    lines = re.search(r"(ticket=\$\(curl .*?\n.*?)\n\s*(\S+) (\"ws://\S+\")", text)
    assert lines, text
    url = (await _run(["bash", "-euc", f"{lines[1]}; echo {lines[3]}"])).strip()
    assert re.search(r"token=rwt_\S{43}$", url), url
    assert not re.search(r"token=rwa_[\w-]{43}", text)
    assert "uri" in await _run([str(folder / lines[2]), "--help"])
    return url


async def _try_the_readme(clone: Path, base: str) -> None:
    """Its curl example, as printed but for the port."""
    example = re.search(r"```sh\n(.*?)```", (clone / "README.md").read_text(), re.DOTALL)
    assert example
    answers = await _run(["bash", "-euc", example[1].replace("http://127.0.0.1:8000", base)])
    decoder, found = json.JSONDecoder(), []
    while answers:
        answer, end = decoder.raw_decode(answers)
        found.append(answer)
        answers = answers[end:]
    registered, sent, again, log = found
    assert registered["user"]["username"] == "carol"
    assert sent == again
    assert [event["data"] for event in log["results"]] == [sent]


def test_a_second_make_run_installs_nothing(clone):
    with started(clone, "run"):
        pass
    with started(clone, "run") as (_, output):
        assert "Installing" not in output.read_text()


async def test_make_run_cluster(clone, gather):
    with started(clone, "run-cluster", WORKERS="2") as (process, output):
        url = re.search(r"http://127\.0\.0\.1:\d+", output.read_text())
        assert url, output.read_text()
        async with Site([url[0]]).open() as site:
            alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
            room = await alice.room(bob)
            async with alice.socket() as one, bob.socket() as two, bob.socket() as three:
                for socket in (one, two, three):
                    await socket.command("room.subscribe", room=room, since=1)
                await gather(*(alice.send(room, str(number)) for number in range(10)))
                for socket in (one, two, three):
                    assert [event["seq"] for event in await socket.events(10)] == list(range(2, 12))
            demo = await site.http().get(f"{url[0]}/", follow_redirects=True)
            assert (demo.url.path, demo.status_code) == ("/demo/", 200)
            alice = {"username": "alice", "password": "roomwire-demo"}
            login = (await site.http().post("auth/login/", json=alice)).json()
            mine = await Person(site, login).call("GET", "rooms/")
            assert "lobby" in {room["name"] for room in mine["results"]}
            async with connect(await _printed_socket(clone, output.read_text())) as socket:
                assert json.loads(await socket.recv())["type"] == "welcome"
            docs = await site.http().get("docs/")
            assets = re.findall(r"""(?:src|href)=["'](/static/[^"']+)""", docs.text)
            assert assets
            for path, status in [*((asset, 200) for asset in assets), ("/static/%2e%2e/x", 404), ("/nowhere", 404)]:
                assert (await site.http().get(url[0] + path)).status_code == status
        os.kill(process.pid, signal.SIGTERM)
        process.wait(60)
    left = await _run(["ps", "-eo", "args"])
    assert str(clone) not in left


async def _run(command: list[str]) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


REFUSED = {
    "no secret": ({"SECRET_KEY": ""}, "SECRET_KEY"),
    "a short secret": ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    "a dull secret": ({"SECRET_KEY": "x" * 60}, "SECRET_KEY"),
    "no hosts": ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    "in-memory with two workers": ({"WORKERS": "2"}, "REDIS_URL"),
    "the demo's users": ({"ROOMWIRE_DEMO": "on", "HTTPS": "on"}, "ROOMWIRE_DEMO"),
    "another database": ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
}


@pytest.mark.parametrize(("variables", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_production_refuses_to_guess(variables, named):
    refused = subprocess.run(
        [sys.executable, "-m", "config.serve"],
        cwd=PROJECT,
        env=environment(**{"PORT": str(free_port())} | variables),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 3
    assert refused.stderr.startswith("Roomwire does not start: ")
    assert named in refused.stderr
    assert "Traceback" not in refused.stderr


def test_another_server_s_workers_are_counted_too():
    """uvicorn by hand: the same refusal, and not a supervisor that restarts its workers for ever."""
    refused = subprocess.run(
        [sys.executable, "-m", "uvicorn", "--workers", "2", "--port", str(free_port()), "config.asgi:application"],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode == 0
    assert "REDIS_URL" in refused.stderr


async def test_a_wsgi_process_reaches_the_sockets(folder, postgres_database):
    """The hybrid: a post that Gunicorn takes is heard on uvicorn's sockets."""
    shared = {
        "DATABASE_URL": postgres_database(),
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": secrets.token_hex(4),
    }
    with Server(folder / "hybrid.log", **shared) as uvicorn, gunicorn(folder, **shared) as rest:
        async with Site([rest, uvicorn.url]).open() as site:
            alice = await site.newcomer("alice")
            room = await alice.room()
            async with alice.socket(worker=1) as socket:
                await socket.command("room.subscribe", room=room)
                for number in range(20):
                    await alice.send(room, str(number), worker=0)
                assert [event["seq"] for event in await socket.events(20)] == list(range(1, 21))
    assert "lost" not in (folder / "gunicorn.log").read_text()


@contextmanager
def gunicorn(folder: Path, **variables: str):
    port = free_port()
    output = folder / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "2", "--bind", f"127.0.0.1:{port}"]
    with output.open("wb") as log:
        process = subprocess.Popen(
            [*command, "config.wsgi:application"], cwd=PROJECT, env=environment(**variables), stdout=log, stderr=log
        )
    try:
        _wait_for(process, f"http://127.0.0.1:{port}/healthz", output)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
