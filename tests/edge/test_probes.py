"""Liveness and readiness are answered whatever Host says: balancers and kubelets ask by address, or by HTTP/1.0."""

import pytest

from tests.edge.asking import SERVERS

HEADS = {
    "an address": "HTTP/1.1\r\nHost: 10.0.0.5:8000",
    "an IPv6 address": "HTTP/1.1\r\nHost: [fd00::5]",
    "a name that is not allowed": "HTTP/1.1\r\nHost: internal.example.org",
    "no name": "HTTP/1.1\r\nHost: a b/../c?",
    "an underscore": "HTTP/1.1\r\nHost: roomwire_web:8000",
    "a port that is none": "HTTP/1.1\r\nHost: localhost:x",
    "empty": "HTTP/1.1\r\nHost:",
    "none, by HTTP/1.0": "HTTP/1.0",
    "one, by HTTP/1.0": "HTTP/1.0\r\nHost: 10.0.0.5",
}
PATHS = ["/healthz", "/readyz", "/healthz/", "/api/v1/healthz", "/api/v1/readyz/"]


@pytest.fixture(scope="module", params=SERVERS)
def port(request, folder, variables):
    """A server in production, which redirects all else to https://."""
    with SERVERS[request.param](folder, variables | {"HTTPS": "on", "ALLOWED_HOSTS": "chat.example.com"}) as port:
        yield port


@pytest.mark.parametrize("path", PATHS)
async def test_whatever_host_says(port, connect, path):
    for name, head in HEADS.items():
        client = await connect(port)
        await client.write(f"GET {path} {head}\r\nConnection: close\r\n\r\n".encode())
        answer = await client.rest()
        assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 ")), (name, answer)


async def test_all_else_names_an_allowed_host(port, connect):
    client = await connect(port)
    await client.write(
        b"GET /api/v1/rooms/ HTTP/1.1\r\nHost: 10.0.0.5\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    )
    assert (await client.rest()).startswith(b"HTTP/1.1 400 ")


async def test_a_plain_request_at_a_socket_s_address_is_not_redirected(port, connect):
    """A proxy that drops Upgrade may drop X-Forwarded-Proto as well."""
    client = await connect(port)
    await client.write(b"GET /ws/ HTTP/1.1\r\nHost: chat.example.com\r\nConnection: close\r\n\r\n")
    assert (await client.rest()).startswith(b"HTTP/1.1 426 ")
