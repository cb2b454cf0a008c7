"""Requests, as bytes."""

from realtime.server import http as limits
from tests.client import Person
from tests.raw import Raw

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
HEADERS, BODY = limits._HEADERS_SECONDS, limits._BODY_SECONDS


async def healthy(client: Raw, times: int = 1) -> None:
    """Ask whether all is well, and hear that it is; several times in one breath, if need be."""
    await client.write((GET + b"\r\n") * times)
    answers = b""
    while answers.count(b'{"status": "ok"}') < times:
        part = await client.some()
        assert part, "the server has closed"
        answers += part
    assert answers.count(b"HTTP/1.1 200 OK") == times


def page_of(person: Person, room: str) -> bytes:
    """The request for a room's first events."""
    line = f"GET /api/v1/rooms/{room}/events/?limit=200 HTTP/1.1\r\nHost: localhost\r\n"
    return f"{line}Authorization: Bearer {person.token}\r\n\r\n".encode()
