"""A client as somebody else would write one: httpx and websockets, and nothing of the server's own code."""

import asyncio
import itertools
import json
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

# Seconds. Only a failure takes this long, also on a machine that is four times slower.
DEADLINE = 60.0
PASSWORD = "correct horse 9"

_logins: dict[tuple[str, str], dict[str, Any]] = {}
_numbers = itertools.count(1)


async def until(condition: Callable[[], Any]) -> None:
    """Wait for what nobody tells us of."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.02)


class Refused(Exception):
    """An error answer: `code` is the same word over REST and WebSocket."""

    def __init__(self, code: str, status: int | None = None, body: Any = None) -> None:
        super().__init__(f"{code} {body}")
        self.code, self.status, self.body = code, status, body


@dataclass
class Site:
    """Where Roomwire listens: one address per worker."""

    urls: list[str]
    https: list[httpx.AsyncClient] = field(default_factory=list)
    # Codes that the server lets no application close with, and what it says instead.
    closes: dict[int, int] = field(default_factory=dict)

    def http(self, worker: int = 0) -> httpx.AsyncClient:
        return self.https[worker % len(self.https)]

    def ws(self, worker: int = 0) -> str:
        return self.urls[worker % len(self.urls)].replace("http", "ws", 1)

    @asynccontextmanager
    async def open(self):
        self.https = [httpx.AsyncClient(base_url=f"{url}/api/v1/", timeout=DEADLINE, verify=False) for url in self.urls]
        try:
            yield self
        finally:
            for http in self.https:
                await http.aclose()

    async def person(self, name: str = "person") -> "Person":
        """Somebody signed in: for one name the same user in every test."""
        key = (self.urls[0], name)
        if key not in _logins:
            _logins[key] = (await self.newcomer(name)).login
        return Person(self, _logins[key])

    async def newcomer(self, name: str = "newcomer") -> "Person":
        """Somebody nobody has seen before, signed in."""
        username = f"{name}-{secrets.token_hex(6)}"
        credentials = {"username": username, "password": PASSWORD}
        registered = await self._post("auth/register/", credentials)
        assert registered.status_code == 201, registered.text
        login = await self._post("auth/login/", credentials)
        assert login.status_code == 200, login.text
        return Person(self, login.json())

    async def _post(self, path: str, body: Any) -> httpx.Response:
        """Again after a while, if the server asks for that: it computes only so many passwords' hashes at once."""
        async with asyncio.timeout(4 * DEADLINE):
            while (answer := await self.http().post(path, json=body)).status_code == 503:  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(answer.json()["retry_after"])
        return answer


class Person:
    def __init__(self, site: Site, login: dict[str, Any]) -> None:
        self.site, self.login = site, login
        self.id = login["user"]["id"]
        self.username = login["user"]["username"]
        self.token = login["access_token"]

    async def request(self, method: str, path: str, *, worker: int = 0, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | options.pop("headers", {})
        return await self.site.http(worker).request(method, path, headers=headers, **options)

    async def call(self, method: str, path: str, body: Any = None, *, worker: int = 0) -> Any:
        """The answer's JSON. Raises Refused."""
        response = await self.request(method, path, worker=worker, **({} if body is None else {"json": body}))
        if response.status_code >= 400:
            problem = response.json()
            raise Refused(problem["code"], response.status_code, problem)
        return response.json() if response.content else None

    async def room(self, *members: "Person", kind: str = "private", name: str = "room") -> str:
        """A room of one's own, with these members in it."""
        room = (await self.call("POST", "rooms/", {"name": name, "kind": kind}))["id"]
        for member in members:
            await self.call("POST", f"rooms/{room}/members/", {"user": member.id})
        return room

    async def send(self, room: str, body: str, *, worker: int = 0, **fields: Any) -> dict[str, Any]:
        return await self.call("POST", f"rooms/{room}/messages/", {"body": body, **fields}, worker=worker)

    @asynccontextmanager
    async def socket(self, *, worker: int = 0, path: str = "/ws/", query: str = ""):
        """A socket that has been welcomed."""
        url = f"{self.site.ws(worker)}{path}?token={self.token}{query}"
        async with connect(url, open_timeout=DEADLINE, max_queue=None) as connection:
            socket = Socket(connection)
            assert (await socket.frame())["type"] == "welcome"
            yield socket


class Socket:
    """Frames of one connection; what a wait passes over is kept for the next one."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.passed: deque[dict[str, Any]] = deque()

    async def frame(self) -> dict[str, Any]:
        """The next frame of any kind."""
        if self.passed:
            return self.passed.popleft()
        return await self._receive()

    async def _receive(self) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE):
            return json.loads(await self.connection.recv())

    async def wait_for(self, wanted) -> dict[str, Any]:
        """The first frame that `wanted` says yes to; the others stay, in their order."""
        for frame in self.passed:
            if wanted(frame):
                self.passed.remove(frame)
                return frame
        while not wanted(frame := await self._receive()):
            self.passed.append(frame)
        return frame

    async def command(self, type: str, **fields: Any) -> Any:
        """The reply's data. Raises Refused."""
        number = next(_numbers)
        await self.connection.send(json.dumps({"type": type, "id": number, **fields}))
        reply = await self.wait_for(lambda frame: frame["type"] == "reply" and frame["id"] == number)
        if not reply["ok"]:
            raise Refused(reply["error"]["code"], body=reply["error"])
        return reply["data"]

    async def event(self, room: str | None = None) -> dict[str, Any]:
        """The next durable event."""
        return await self.wait_for(lambda frame: "seq" in frame and room in (None, frame["room"]))

    async def events(self, count: int) -> list[dict[str, Any]]:
        return [await self.event() for _ in range(count)]

    async def closed(self) -> int:
        """The code the server closes with."""
        async with asyncio.timeout(DEADLINE):
            await self.connection.wait_closed()
        return self.connection.close_code or 0
