"""Every way of bringing a token to the socket."""

import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.client import DEADLINE, Site, Socket

FOREIGN = {"Origin": "https://evil.example.com"}
ALLOWED = {"Origin": "https://app.example.com"}


@dataclass(frozen=True)
class Way:
    """What a handshake has, and whether the first frame is `authenticate`."""

    name: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    subprotocols: tuple[str, ...] = ()
    first: str = ""

    def __add__(self, other: "Way") -> "Way":
        """Both at once, of different kinds."""
        return Way(
            f"{self.name}+{other.name}",
            self.query or other.query,
            self.headers | other.headers,
            self.subprotocols + other.subprotocols,
            self.first or other.first,
        )

    @asynccontextmanager
    async def dial(self, site: Site, worker: int = 0, path: str = "/ws/", **headers: str):
        options: dict[str, Any] = {"additional_headers": self.headers | headers, "open_timeout": DEADLINE}
        if self.subprotocols:
            options["subprotocols"] = list(self.subprotocols)
        async with connect(f"{site.ws(worker)}{path}{self.query}", **options) as connection:
            if self.first:
                with suppress(ConnectionClosed):  # refused before that could be said
                    await connection.send(json.dumps({"type": "authenticate", "token": self.first}))
            yield Socket(connection)

    async def outcome(self, site: Site, worker: int = 0, **headers: str) -> str | int:
        """The id of the user that the server welcomes, or the code that it closes with before it says anything."""
        async with self.dial(site, worker, **headers) as socket:
            try:
                frame = await socket.frame()
            except ConnectionClosed:
                return socket.connection.close_code or 0
            assert frame["type"] == "welcome", frame
            return frame["user"]["id"]


def in_query(token: str) -> Way:
    return Way("query", query=f"?token={token}")


def in_header(token: str) -> Way:
    return Way("header", headers={"Authorization": f"Bearer {token}"})


def in_subprotocol(token: str) -> Way:
    return Way("subprotocol", subprotocols=("roomwire.v1", f"roomwire.bearer.{token}"))


def in_first_frame(token: str) -> Way:
    return Way("first", first=token)


def in_cookie(key: str, **headers: str) -> Way:
    return Way("cookie", headers={"Cookie": f"other=1; sessionid={key}"} | headers)


NOTHING = Way("nothing")
WAYS = (in_query, in_header, in_subprotocol, in_first_frame)
