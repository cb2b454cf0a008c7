"""No secret in any log: everything that takes or gives one is tried, well and badly, at DEBUG and under each server;
then all that the server has written is searched for every secret, and for every dozen characters of one."""

import asyncio
import base64
import json
import re
import secrets
from contextlib import suppress

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.client import DEADLINE, Site
from tests.e2e.mailbox import Mailbox
from tests.realtime.browser import BOSS, Browser, employ
from tests.realtime.ways import ALLOWED, FOREIGN, WAYS, in_cookie, in_query
from tests.servers import OTHERS, Server, migrate

COMMANDS = {
    "roomwire": "config.serve",
    "development": "config.serve",
    "uvicorn": f"{OTHERS['uvicorn']} --log-level trace",
    "hypercorn": f"{OTHERS['hypercorn']} --log-level debug",
    "daphne": f"{OTHERS['daphne']} -v 3",
}
# It prints the address of every request past all logging: what a client hides in there is not ours to keep.
PRINTS_ADDRESSES = ("daphne",)
# It shows its developer every query, with the name that was typed.
SHOWS_QUERIES = ("development",)


class Walk:
    """A client that keeps every secret it has seen."""

    def __init__(self, site: Site, mailbox: Mailbox, kind: str) -> None:
        self.site, self.mailbox = site, mailbox
        # Whether it also says secrets where an address, or a name, should be.
        self.in_addresses, self.in_names = kind not in PRINTS_ADDRESSES, kind not in SHOWS_QUERIES
        self.http = site.http()
        self.secrets: set[str] = set()
        self.codes: set[str] = set()
        self.name = f"walker-{secrets.token_hex(4)}"
        self.address = f"{self.name}@example.com"

    def secret(self) -> str:
        """A password, say."""
        return self.keep(f"S3cret-{secrets.token_hex(12)}")

    def keep(self, secret: str) -> str:
        self.secrets.add(secret)
        return secret

    async def code(self, subject: str) -> str:
        code = await asyncio.to_thread(self.mailbox.code, self.address, subject)
        self.codes.add(code)
        return code

    async def post(self, path: str, token: str = "", *, method: str = "POST", **body: object) -> dict:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = await self.http.request(method, path, json=body, headers=headers)
        found = answer.json() if answer.content else {}
        for name in ("access_token", "refresh_token", "ticket"):
            if name in found:
                self.keep(found[name])
        return found | {"status": answer.status_code}

    async def login(self, password: str) -> dict:
        tokens = await self.post("auth/login/", username=self.name, password=password, device="x", platform="y")
        assert tokens["status"] == 200, tokens
        return tokens


@pytest.fixture(scope="module", params=COMMANDS)
def running(request, folder, tmp_path_factory):
    kind = request.param
    mailbox = Mailbox(tmp_path_factory.mktemp(f"mail-{kind}"))
    database = f"sqlite:///{folder / f'secrets-{kind}.sqlite3'}"
    variables = {"DATABASE_URL": database, "EMAIL_URL": mailbox.url, "EMAIL_REQUIRED": "on", "ADMIN": "on"}
    if kind == "development":
        variables["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    migrate(database)
    employ(DATABASE_URL=database)
    with Server(folder / f"secrets-{kind}.log", COMMANDS[kind], **variables) as server:
        yield kind, server, mailbox


async def test_no_secret_is_in_any_log(running):
    kind, server, mailbox = running
    async with Site([server.url]).open() as site:
        walk = Walk(site, mailbox, kind)
        password = await sign_up(walk)
        tokens = await sign_in(walk, password)
        await misplace(walk, tokens)
        await knock(walk, tokens)
        await speak(walk, tokens)
        await shout(walk, server.port, tokens)
        await manage_in_the_admin(walk)
        await leave(walk, password)
    search(server.log.read_text(errors="replace"), walk)


async def sign_up(walk: Walk) -> str:
    password = walk.secret()
    for body in (
        {"username": walk.name, "password": {"nested": walk.secret()}, "email": walk.address},
        {"username": walk.secret(), "password": walk.secret(), "email": walk.secret()},
        {"username": f"bad name {walk.secret()}", "password": walk.secret()},
        {walk.secret(): walk.secret()},
    ):
        assert (await walk.post("auth/register/", **body))["status"] == 400
    for content, kind in (
        (f'{{"username": "x", "password": "{walk.secret()}"', "application/json"),
        (f'{{"username": "x", "password": "{walk.secret()}\\ud800"}}', "application/json"),
        (f'"{walk.secret()}"' + " " * 70_000, "application/json"),
        (f"username=x&password={walk.secret()}", "application/x-www-form-urlencoded"),
        (f"\xff\xfe{walk.secret()}", walk.secret()),
    ):
        answer = await walk.http.post("auth/login/", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 413, 415), answer.text
    registered = await walk.post("auth/register/", username=walk.name, password=password, email=walk.address)
    assert registered["status"] == 201
    await walk.post("auth/login/", username=walk.name, password=password)
    await walk.post("auth/email/verify/", username=walk.name, code=walk.secret())
    code = await walk.code("your code")
    assert (await walk.post("auth/email/verify/", username=walk.name, code=code))["status"] == 204
    await walk.post("auth/email/verify/", username=walk.name, code=code)
    return password


async def sign_in(walk: Walk, password: str) -> dict:
    names = [walk.name, *([walk.secret()] if walk.in_names else [])]  # people do type it into the wrong field
    for name in names:
        assert (await walk.post("auth/login/", username=name, password=walk.secret()))["status"] == 401
    reused = await walk.login(password)
    token = reused["refresh_token"]
    for _ in range(2):
        token = (await walk.post("auth/refresh/", refresh_token=token))["refresh_token"]
    await walk.post("auth/refresh/", refresh_token=reused["refresh_token"])
    await walk.post("auth/refresh/", refresh_token=walk.secret())

    await walk.post("auth/password/forgotten/", username=walk.address)
    code, another = await walk.code("a new password"), walk.secret()
    await walk.post("auth/password/reset/", username=walk.name, code=code, new_password="short")
    await walk.post("auth/password/reset/", username=walk.name, code=walk.secret(), new_password=walk.secret())
    reset = await walk.post("auth/password/reset/", username=walk.name, code=code, new_password=another)
    assert reset["status"] == 204
    tokens = await walk.login(another)
    access = tokens["access_token"]
    await walk.post("auth/password/", access, password=walk.secret(), new_password=walk.secret())
    assert (await walk.post("auth/password/", access, password=another, new_password=password))["status"] == 204
    await walk.post("users/me/", access, method="PATCH", password=walk.secret(), email="x@example.com")
    return tokens


async def misplace(walk: Walk, tokens: dict) -> None:
    """Tokens where none belong."""
    for token in (tokens["access_token"], tokens["refresh_token"]):
        encoded = "".join(f"%{ord(character):02x}" for character in token)
        queries = [f"rooms/?token={text}" for text in (token, encoded, walk.secret())]
        paths = [f"rooms/{token}/", f"rooms/{encoded}/", f"{token}/", f"../../{token}", *queries]
        for path in paths if walk.in_addresses else ():
            await walk.http.get(path, headers={"Authorization": f"Bearer {tokens['access_token']}"})
        basic = walk.keep(base64.b64encode(f"{walk.name}:{token}".encode()).decode())
        for header in (f"Bearer{token}", f"Token {token}", f"Basic {basic}", f"Bearer {token} {token}", token):
            assert (await walk.http.get("users/me/", headers={"Authorization": header})).status_code == 401
        for headers in ({"Host": token}, {"Origin": token}, {"Cookie": token}, {"X-Forwarded-For": token}):
            await walk.http.get("rooms/", headers=headers)


async def knock(walk: Walk, tokens: dict) -> None:
    """Every way into the socket: with what is good, bad, spent or not allowed."""
    for way in WAYS:
        ticket = (await walk.post("auth/tickets/", tokens["access_token"]))["ticket"]
        for token in (tokens["access_token"], ticket, ticket, tokens["refresh_token"], ticket[:30], walk.secret()):
            await way(token).outcome(walk.site)
            await way(token).outcome(walk.site, **FOREIGN)
        for path in (f"/ws/rooms/{ticket}/", f"/ws/{ticket}") if walk.in_addresses else ():
            async with way(tokens["access_token"]).dial(walk.site, path=path) as socket:
                assert await socket.closed() == 4404


async def speak(walk: Walk, tokens: dict) -> None:
    """Frames with a token in them, of every kind and at every place."""
    token = tokens["access_token"]
    good = {"type": "authenticate", "id": 1, "token": token}
    frames: list[str | bytes] = [
        json.dumps(good),
        json.dumps(good)[:-1],
        json.dumps({"padding": "x" * 100, **good}),
        json.dumps({**good, "padding": "x" * 100}),
        json.dumps({"type": token}),
        json.dumps({"type": "room.subscribe", "id": token, "room": token}),
        json.dumps({"type": "authenticate", "token": [token]}),
        token,
        "".join(f"\\u{ord(character):04x}" for character in token),
        "x" * 70_000 + token,
        token.encode(),
        b"\xff" + token.encode(),
    ]
    for frame in frames:
        for path in (f"/ws/?token={token}", "/ws/"):
            with suppress(WebSocketException):
                async with connect(f"{walk.site.ws()}{path}", open_timeout=DEADLINE) as connection:
                    await connection.send(frame)
                    await connection.send(['{"type":"authenticate","token":"', token, '"}'])
                    await connection.send('{"type":"ping"}')
                    async with asyncio.timeout(DEADLINE):
                        while "pong" not in str(message := await connection.recv()):
                            if "unauthenticated" in str(message) or "malformed" in str(message):
                                break


async def shout(walk: Walk, port: int, tokens: dict) -> None:
    """Requests that are none."""
    token = tokens["access_token"]
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    for request in (
        f"GET /ws/?token={token} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /ws/?token={token} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n",
        f"GET /ws/?token={token} HTTP/1.1\r\n{upgrade}Sec-WebSocket-Key: {token}\r\n\r\n",
        f"GET /ws/?token={token} HTTP/9.9\r\nHost: localhost\r\n\r\n",
        f"GET /ws/?token={token} {token} HTTP/1.1\r\n\r\n",
        f"POST /ws/?token={token} HTTP/1.1\r\nHost: localhost\r\n{upgrade}Sec-WebSocket-Key: {token}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n {token}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: sessionid={walk.secret()}{'x' * 100_000}\r\n\r\n",
        f"{token}\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError, TimeoutError):
            # (A server that waits for more is not waited for.)
            writer.write(request.encode())
            await writer.drain()
            async with asyncio.timeout(2):
                await reader.read()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def manage_in_the_admin(walk: Walk) -> None:
    async with Browser.open(walk.site.urls[0]) as browser:
        await browser.submit("/admin/login/", username=BOSS, password=walk.secret())
        name = walk.secret() if walk.in_names else BOSS
        await browser.submit("/admin/login/", username=name, password=walk.secret(), next=walk.secret())
        walk.keep(browser.http.cookies["csrftoken"])
        await browser.http.post("/admin/login/", data={"username": BOSS, "password": walk.secret()})
        await browser.sign_in()
        key = walk.keep(browser.key)
        walk.keep(browser.http.cookies["csrftoken"])
        for headers in (ALLOWED, FOREIGN, {}, {"Origin": walk.site.urls[0]}):
            with suppress(WebSocketException):
                async with in_cookie(key).dial(walk.site, **headers) as socket:
                    await socket.connection.send('{"type":"ping"}')
        await (in_query(walk.secret()) + in_cookie(key)).outcome(walk.site, **ALLOWED)
        passwords = {"old_password": walk.secret(), "new_password1": walk.secret(), "new_password2": walk.secret()}
        await browser.submit("/admin/password_change/", **passwords)
        await browser.http.get(f"/admin/accounts/user/?token={key}")
        await browser.sign_out()
        assert await gone(walk, key)


async def gone(walk: Walk, key: str) -> bool:
    async with httpx.AsyncClient(base_url=walk.site.urls[0], timeout=DEADLINE) as http:
        return (await http.get("/admin/", headers={"Cookie": f"sessionid={key}"})).status_code == 302


async def leave(walk: Walk, password: str) -> None:
    access = (await walk.login(password))["access_token"]
    await walk.post("users/me/erase/", access, password=walk.secret())
    assert (await walk.post("auth/logout-all/", (await walk.login(password))["access_token"]))["status"] == 204
    access = (await walk.login(password))["access_token"]
    assert (await walk.post("users/me/erase/", access, password=password))["status"] == 204


def search(log: str, walk: Walk) -> None:
    assert len(walk.secrets) > 60
    assert len(walk.codes) == 2
    assert len(log) > 1_000
    leaked = {part for secret in walk.secrets for part in parts(secret) if part in log}
    lines = [line for line in log.splitlines() if any(part in line for part in leaked)]
    assert not lines, "\n".join(lines[:20])
    for code in walk.codes:
        assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", log)


def parts(secret: str) -> set[str]:
    """Every dozen characters of what is secret in it."""
    body = secret[4:] if secret.startswith("rw") else secret
    return {body[begin : begin + 12] for begin in range(max(1, len(body) - 11))} - {"S3cret-" + "0" * 5}
