"""Clients on a bare TCP socket, which do only what they are told."""

import asyncio
import contextlib
import json
import socket
from typing import NamedTuple

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from tests.client import DEADLINE


class Response(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Raw:
    """A TCP connection that does as it is told: what nobody asks it to read stays unread."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.port: int = sock.getsockname()[1]

    async def write(self, data: bytes) -> None:
        async with asyncio.timeout(DEADLINE):
            await asyncio.get_running_loop().sock_sendall(self.sock, data)

    async def some(self, seconds: float = DEADLINE, most: int = 65_536) -> bytes:
        """What there is to read; nothing at the end."""
        async with asyncio.timeout(seconds):
            return await asyncio.get_running_loop().sock_recv(self.sock, most)

    async def response(self) -> Response:
        """One HTTP response, whose length its head says."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await self._part(1)
        line, *lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        body = b""
        while len(body) < int(headers.get("content-length", 0)):
            body += await self._part(int(headers["content-length"]) - len(body))
        return Response(int(line.split()[1]), headers, body)

    async def _part(self, most: int) -> bytes:
        part = await self.some(most=most)
        assert part, "the server has closed"
        return part

    async def nothing(self, seconds: float = 0.2) -> bool:
        """Whether nothing comes for a moment."""
        try:
            await self.some(seconds)
        except TimeoutError:
            return True
        return False

    async def rest(self, seconds: float = DEADLINE) -> bytes:
        """Everything up to the end, which must come in time."""
        data = bytearray()
        async with asyncio.timeout(seconds):
            with contextlib.suppress(ConnectionError):
                while part := await self.some(seconds):
                    data += part
        return bytes(data)


class RawSocket(Raw):
    """A WebSocket that answers nothing, read by the websockets library's own parser, which minds what is malformed."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        self.protocol = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
        self.frames: list[Frame] = []

    async def upgrade(self, query: str = "") -> None:
        lines = (
            f"GET /ws/{query} HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        )
        await self.write("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await self.some(most=1)
        assert head.startswith(b"HTTP/1.1 101 ")

    async def frame(self, seconds: float = DEADLINE) -> Frame:
        while not self.frames:
            data = await self.some(seconds)
            assert data, "the server has closed"
            self.protocol.receive_data(data)
            assert self.protocol.parser_exc is None
            self.frames = self.protocol.events_received()
        return self.frames.pop(0)

    async def frames_to_close(self, seconds: float = DEADLINE) -> list[Frame]:
        """All frames up to the close, but the server's own pings."""
        frames = [await self.frame(seconds)]
        while frames[-1].opcode is not Opcode.CLOSE:
            frames.append(await self.frame(seconds))
        return [frame for frame in frames if frame.opcode is not Opcode.PING]

    async def text(self) -> str:
        """The next text; the server's own pings are passed over."""
        while (frame := await self.frame()).opcode is Opcode.PING:
            pass
        assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
        return bytes(frame.data).decode()

    async def texts(self, count: int) -> list[str]:
        return [await self.text() for _ in range(count)]

    async def send(self, data: str | bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> None:
        await self.write(framed(data, opcode, fin=fin))

    async def command(self, type: str, **fields: object) -> dict:
        """The answer, which must be the next text."""
        await self.send(json.dumps({"type": type, "id": 0, **fields}))
        answer = json.loads(await self.text())
        assert answer["ok"]
        return answer["data"]

    def read_on(self) -> None:
        """As fast as it can: a small window stays slow."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)


async def pour(client: Raw, part: bytes, times: int) -> None:
    for _ in range(times):
        await client.write(part)


def framed(data: str | bytes, opcode: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    return Frame(opcode, data.encode() if isinstance(data, str) else data, fin).serialize(mask=True)
