"""The configuration of docs/proxies.md in Debian's HAProxy, before two servers."""

import contextlib
import json
import re
import signal
import time

import httpx
import pytest
from websockets.asyncio.client import connect

from devtools.process import end, spawn, wait_until
from tests.client import Person, Site
from tests.servers import PROJECT, Server, free_port, migrate
from tests.system.programs import require_program


class Proxy:
    """HAProxy, and the two servers behind it."""

    def __init__(self, folder, servers: list[Server]) -> None:
        self.servers, self.log, self.port = servers, folder / "haproxy.log", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        text = (PROJECT / "docs" / "proxies.md").read_text()
        [configuration] = re.findall(r"```haproxy\n(.*?)```", text, re.DOTALL)
        for documented, port in zip(
            ("8080", "8001", "8002"), (self.port, *(each.port for each in servers)), strict=True
        ):
            configuration = configuration.replace(f"127.0.0.1:{documented}", f"127.0.0.1:{port}")
        (folder / "haproxy.cfg").write_text(configuration)
        self.command, self.folder = [require_program("haproxy"), "-f", "haproxy.cfg"], folder

    def __enter__(self) -> "Proxy":
        with self.log.open("wb") as log:
            self.process = spawn(self.command, cwd=self.folder, env={}, log=log)
        assert wait_until(self._answers, 60), self.log.read_text()
        return self

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def __exit__(self, *_: object) -> None:
        end(self.process, [(signal.SIGTERM, 10)])


@pytest.fixture
def proxy(tmp_path):
    database = f"sqlite:///{tmp_path / 'roomwire.sqlite3'}"
    migrate(database)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(Server(tmp_path / f"{n}.log", DATABASE_URL=database)) for n in range(2)]
        yield stack.enter_context(Proxy(tmp_path, servers))


@pytest.fixture
async def person(proxy):
    async with Site([proxy.url]).open() as site:
        yield await site.newcomer()


async def _welcome(person: Person) -> None:
    ticket = (await person.call("POST", "auth/tickets/"))["ticket"]
    async with connect(f"{person.site.ws()}/ws/?token={ticket}", open_timeout=60) as socket:
        assert json.loads(await socket.recv())["type"] == "welcome"


async def test_the_client_s_address_is_its_own_and_no_ticket_is_logged(proxy, person):
    credentials = {"username": person.username, "password": "correct horse 9"}
    forged = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
    assert (await person.site.http().post("auth/login/", json=credentials, headers=forged)).status_code == 200
    devices = (await person.request("GET", "auth/devices/")).json()
    assert "6.6.6.6" not in json.dumps(devices)
    assert "127.0.0.1" in json.dumps(devices)
    await _welcome(person)
    assert wait_until(lambda: " /ws/\n" in proxy.log.read_text(), 30)
    assert not re.search(r"token|rw[art]_", proxy.log.read_text())


async def test_no_request_fails_while_one_of_two_servers_stops(proxy, person):
    room = await person.room()
    leaving = proxy.servers[1].process
    leaving.terminate()
    deadline = time.monotonic() + 60
    rounds = 0
    while (leaving.poll() is None or rounds < 20) and time.monotonic() < deadline:
        await person.send(room, "x")
        await _welcome(person)
        rounds += 1
    assert leaving.poll() is not None
