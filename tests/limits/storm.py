"""Very many requests at one moment, each on a connection of its own, from an address of its own if it says so."""

import asyncio
import contextlib
import ipaddress
import itertools
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

DEADLINE = 150.0

_networks = itertools.count(secrets.randbelow(1 << 40))


def somewhere() -> str:
    """An address that no other test has; it has an IPv6 network to itself."""
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) + (next(_networks) % (1 << 32) << 64) + 1))


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        return self.body["code"] if isinstance(self.body, dict) and "code" in self.body else ""


@dataclass
class Post:
    url: str
    path: str
    body: dict[str, Any]
    address: str | None = None

    def head(self) -> bytes:
        body = json.dumps(self.body).encode()
        lines = [
            f"POST /api/v1/{self.path} HTTP/1.1",
            "Host: localhost",
            "Connection: close",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        if self.address is not None:
            lines.append(f"X-Forwarded-For: {self.address}")
        return "\r\n".join([*lines, "", ""]).encode() + body


async def storm(posts: list[Post]) -> list[Answer]:
    """All are sent but for their last bytes; then these, before any answer is read.

    A server waits longer for the rest of a body than for a head, and a slow machine needs the time.
    """
    async with asyncio.timeout(DEADLINE), contextlib.AsyncExitStack() as stack:
        readers = []
        for post in posts:
            parts = urlsplit(post.url)
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            stack.callback(writer.close)
            writer.write(post.head()[:-1])
            readers.append((reader, writer))
        for (_, writer), post in zip(readers, posts, strict=True):
            writer.write(post.head()[-1:])
        return [_answer(await reader.read()) for reader, _ in readers]


async def one(post: Post) -> Answer:
    (answer,) = await storm([post])
    return answer


def _answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Answer(int(first.split()[1]), headers, json.loads(body) if body else None)
