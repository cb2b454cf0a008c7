"""Whatever bytes a client sends, the log has no traceback and the server serves on."""

import json
import secrets

import pytest
from websockets.frames import Opcode

from tests.hostile.requests import GET, healthy
from tests.raw import Raw, RawSocket, framed

KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
ORIGIN = b"Origin: http://localhost\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + KEY
WS = b"GET /ws/%b HTTP/1.1\r\nHost: localhost\r\n%b\r\n"
POST = b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
REQUESTS = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + secrets.token_bytes(200),
    "another host": b"GET /api/v1/rooms/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "no host": b"GET /api/v1/rooms/ HTTP/1.1\r\n\r\n",
    "a host that is none": b"GET /api/v1/rooms/ HTTP/1.1\r\nHost: a b,/\r\n\r\n",
    "a query that is not UTF-8": b"GET /api/v1/rooms/?\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a path that is not UTF-8": b"GET /api/v1/%ff%fe/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an absolute address": b"GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a header that is not ASCII": GET + "X-Näme: ü\r\n\r\n".encode(),
    "a cookie that is not ASCII": GET + b"Cookie: sessionid=\xff\xfe\r\n\r\n",
    "a token that is not ASCII": GET.replace(b"/healthz", b"/api/v1/rooms/") + b"Authorization: Bearer \xff\r\n\r\n",
    "two lengths": POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length and chunks": POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk's length that is none": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n",
    "a form without an end": POST.replace(b"application/json", b"multipart/form-data").replace(
        b"/api/v1/auth/login/", b"/admin/login/"
    )
    + b"Content-Length: 2\r\n\r\nxx",
    "a form of too many fields": POST.replace(b"application/json", b"application/x-www-form-urlencoded").replace(
        b"/api/v1/auth/login/", b"/admin/login/"
    )
    + b"Content-Length: 6000\r\n\r\n"
    + b"a=&" * 2_000,
    "a handshake whose path is not ASCII": WS % (b"\xff", UPGRADE),
    "a handshake whose path is not UTF-8": WS % (b"%ff/", UPGRADE),
    "a handshake whose query is not UTF-8": WS % (b"?token=%ff%00\xff", UPGRADE),
    "a handshake by an absolute address": WS.replace(b"/ws", b"http://localhost/ws") % (b"", UPGRADE),
    "a handshake whose origin is none": WS % (b"", UPGRADE + b"Origin: \xff://[\r\n"),
    "a handshake whose cookie is not ASCII": WS % (b"", UPGRADE + ORIGIN + b"Cookie: sessionid=\xff\r\n"),
    "a handshake of bad subprotocols": WS % (b"", UPGRADE + b"Sec-WebSocket-Protocol: ,\xff,roomwire.bearer.\xff\r\n"),
    "a handshake whose key is none": WS % (b"", UPGRADE.replace(b"AAAA==", b"\xff\xff")),
    "a handshake with bad extensions": WS % (b"", UPGRADE + b"Sec-WebSocket-Extensions: ;;=\r\n"),
    "a handshake of too many headers": WS % (b"", UPGRADE + b"X: y\r\n" * 200),
    "a handshake of a long header": WS % (b"", UPGRADE + b"X: " + b"y" * 9_000 + b"\r\n"),
    "a handshake of a long path": WS % (b"x" * 9_000, UPGRADE),
}


@pytest.fixture
async def traceless(server, dial):
    """What was logged before has been looked at."""
    before = len(server.log.read_text())
    yield
    await healthy(await dial(server, Raw))
    assert "Traceback" not in server.log.read_text()[before:]


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.usefixtures("traceless")
async def test_requests(server, dial, name):
    """Each is answered, and its connection is not left open without a deadline."""
    client = await dial(server, Raw)
    await client.write(REQUESTS[name])
    assert (await client.some()).startswith(b"HTTP/1.1 ")


def text(value: object) -> bytes:
    return framed(json.dumps(value))


FRAMES = {
    "noise": secrets.token_bytes(500),
    "not UTF-8": framed(b"\xff\xfe"),
    "not UTF-8, in fragments": framed(b"\xc3", fin=False) + framed("x", Opcode.CONT),
    "a close that is not UTF-8": framed(b"\x03\xe8\xff", Opcode.CLOSE),
    "a close of one byte": framed(b"\x03", Opcode.CLOSE),
    "a close of a code that is none": framed(b"\x00\x01", Opcode.CLOSE),
    "half a character": text({"type": "authenticate", "token": "\ud800"}),
    "a token of NUL": text({"type": "authenticate", "token": "\0"}),
    "a long token": text({"type": "authenticate", "token": "x" * 60_000}),
    "nested": framed("[" * 60_000),
    "a number": framed("1" * 60_000),
    "a handshake again": WS % (b"", UPGRADE),
}


@pytest.mark.parametrize("who", ["a stranger", "a user"])
@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.usefixtures("traceless")
async def test_frames(server, site, dial, name, who):
    client = await dial(server, RawSocket)
    await client.upgrade("" if who == "a stranger" else f"?token={(await site.newcomer()).token}")
    await client.write(FRAMES[name] + framed(b"\x03\xe8", Opcode.CLOSE))
    await client.rest()
