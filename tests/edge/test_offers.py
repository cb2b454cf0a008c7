"""A request that offers another protocol is served as it stands, body included (RFC 9110, section 7.8)."""

import json
import re
import secrets

import pytest

from tests.client import PASSWORD
from tests.raw import Raw

KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
OFFERS = {
    "none": "",
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n",
    "a protocol nobody knows": "Connection: Upgrade\r\nUpgrade: FOO/2.1\r\n",
    "TLS": "Connection: upgrade\r\nUpgrade: TLS/1.0\r\n",
    "several": "Connection: Upgrade\r\nUpgrade: h2c, IRC/6.9, RTA/x11\r\n",
    "several lines": "Connection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: TLS/1.0\r\n",
    "an empty name": "Connection: Upgrade\r\nUpgrade:\r\n",
    "a WebSocket without a key": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    "a WebSocket of an old version": f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n{KEY}",
    "a WebSocket by POST": f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{KEY}",
}
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def registration(offer: str, framing: str = "", version: str = "1.1") -> tuple[bytes, bytes]:
    """The head and the body of a request that makes a user."""
    body = json.dumps({"username": f"u{secrets.token_hex(6)}", "password": PASSWORD}).encode()
    if not framing:
        framing = f"Content-Length: {len(body)}"
    else:
        body = b"%x\r\n%b\r\n%x;x=y\r\n%b\r\n0\r\n\r\n" % (9, body[:9], len(body) - 9, body[9:])
    lines = f"POST /api/v1/auth/register/ HTTP/{version}\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{lines}{offer}{framing}\r\n\r\n".encode(), body


def statuses(answers: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", answers)]


@pytest.mark.parametrize("framing", ["", "Transfer-Encoding: chunked"], ids=["length", "chunked"])
@pytest.mark.parametrize("offer", OFFERS)
async def test_the_body_is_read_and_the_next_request_too(server, dial, offer, framing):
    head, body = registration(OFFERS[offer], framing)
    client = await dial(server, Raw)
    await client.write(head + body + NEXT)
    assert statuses(await client.rest()) == [201, 200]


@pytest.mark.parametrize("offer", ["none", "h2c", "a WebSocket without a key"])
async def test_a_body_that_comes_in_segments_of_its_own(server, dial, offer):
    client = await dial(server, Raw)
    for number in range(3):  # on one connection
        head, body = registration(OFFERS[offer])
        await client.write(head[:40])
        await client.write(head[40:])
        assert await client.nothing(), "the answer waits for the body"
        await client.write(body[:5])
        await client.write(body[5:])
        assert (await client.response()).status == 201, number
    await client.write(NEXT)
    assert statuses(await client.rest()) == [200]


async def test_many_offers_in_one_segment(server, dial):
    client = await dial(server, Raw)
    offer = f"GET /healthz HTTP/1.1\r\nHost: localhost\r\n{OFFERS['h2c']}\r\n".encode()
    await client.write(offer * 50 + NEXT)
    assert statuses(await client.rest()) == [200] * 51


async def test_an_offer_that_expects_100_continue(server, dial):
    head, body = registration(OFFERS["h2c"] + "Expect: 100-continue\r\n")
    client = await dial(server, Raw)
    await client.write(head)
    assert (await client.response()).status == 100
    await client.write(body + NEXT)
    assert statuses(await client.rest()) == [201, 200]


async def test_an_offer_by_http_1_0_is_not_seen(server, dial):
    head, body = registration(OFFERS["h2c"], version="1.0")
    client = await dial(server, Raw)
    await client.write(head + body)
    assert statuses(await client.rest()) == [201]


@pytest.mark.parametrize("request_line", ["CONNECT example.com:443 HTTP/1.1", "PRI * HTTP/2.0", "GET /\xff HTTP/1.1"])
async def test_what_is_no_request_of_ours_is_a_problem_document(server, dial, request_line):
    client = await dial(server, Raw)
    await client.write(f"{request_line}\r\nHost: localhost\r\n\r\n".encode("latin-1"))
    head, _, body = (await client.rest()).partition(b"\r\n\r\n")
    assert statuses(head) == [400]
    assert b"content-type: application/problem+json" in head
    assert json.loads(body)["code"] == "malformed"


HANDSHAKES = {
    "as clients write it": "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "in capitals": "Connection: UPGRADE\r\nUpgrade: WebSocket\r\n",
    "beside another connection option": "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
    "with two connection lines": "Connection: Upgrade\r\nConnection: keep-alive\r\nUpgrade: websocket\r\n",
    "beside another protocol": "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n",
    "with two upgrade lines": "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n",
    "without a body": "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n",
}


@pytest.mark.parametrize("handshake", HANDSHAKES)
async def test_a_handshake_is_one_however_it_is_written(server, dial, handshake):
    client = await dial(server, Raw)
    head = f"GET /ws/ HTTP/1.1\r\nHost: localhost\r\nSec-WebSocket-Version: 13\r\n{KEY}{HANDSHAKES[handshake]}\r\n"
    await client.write(head.encode())
    assert (await client.response()).status == 101


NOT_HANDSHAKES = {
    "nothing of one": ("GET", "1.1", ""),
    "what a proxy leaves of one": ("GET", "1.1", f"Sec-WebSocket-Version: 13\r\n{KEY}"),
    "by HTTP/1.0": (
        "GET",
        "1.0",
        f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n{KEY}",
    ),
    "an old version": ("GET", "1.1", OFFERS["a WebSocket of an old version"]),
    "no key": ("GET", "1.1", OFFERS["a WebSocket without a key"]),
    "another protocol": ("GET", "1.1", OFFERS["h2c"]),
    "another method": ("POST", "1.1", OFFERS["a WebSocket by POST"]),
}


@pytest.mark.parametrize("path", ["/ws/", "/ws", "/ws/rooms/01890000-0000-7000-8000-000000000000/", "/ws/rooms/x"])
@pytest.mark.parametrize("name", NOT_HANDSHAKES)
async def test_426_where_a_socket_is_and_no_handshake_came(server, dial, name, path):
    method, version, headers = NOT_HANDSHAKES[name]
    client = await dial(server, Raw)
    headers = f"Content-Length: 0\r\n{headers}" if method == "POST" else headers
    await client.write(f"{method} {path} HTTP/{version}\r\nHost: localhost\r\n{headers}\r\n".encode())
    status, answered, body = await client.response()
    assert (status, answered["content-type"]) == (426, "application/problem+json")
    assert (answered["upgrade"], answered["sec-websocket-version"]) == ("websocket", "13")
    problem = json.loads(body)
    assert problem["code"] == "upgrade_required"
    assert "proxy" in problem["detail"]
