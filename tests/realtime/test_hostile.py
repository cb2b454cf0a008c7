"""Clients that stop reading, stop talking or ask too much cost a bounded time and memory, and nobody else anything.

Against a real server on PostgreSQL and Valkey; who misbehaves does so on a bare TCP socket.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import secrets
import signal
import socket
from collections.abc import Iterable
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from realtime import server as limits
from tests.client import DEADLINE, PASSWORD, Person, Site, Socket
from tests.servers import Server

OUTBOX_MB = 1.0
# Until the server has given up whoever stalls: after 10 s with a full outbox, or 30 s of the kernel's patience.
GONE_SECONDS = 45.0
# What a deadline of the server's may be late by, on a machine that has other things to do.
SLACK_SECONDS = 15.0
# A room's fattest events, or nearly: 32 KB each.
FAT = {"body": "😀" * 4_000, "data": "x" * 16_000}


# The misbehaving client


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

    async def frame(self) -> Frame:
        while not self.frames:
            data = await self.some()
            assert data, "the server has closed"
            self.protocol.receive_data(data)
            assert self.protocol.parser_exc is None
            self.frames = self.protocol.events_received()
        return self.frames.pop(0)

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


@pytest.fixture
def dial():
    """Opens connections of a kind, with a small window if they are to stall."""
    with contextlib.ExitStack() as stack:

        async def opened(server: Server, kind: type = RawSocket, window: int | None = None):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            if window is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            async with asyncio.timeout(DEADLINE):
                await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
            return kind(sock)

        yield opened


@pytest.fixture
def stall(dial):
    """Opens a socket that has read its welcome and, in a room, the answer to its subscription, and reads no more."""

    async def stalled(server: Server, person: Person, room: str | None = None) -> RawSocket:
        client = await dial(server, window=4_096)
        await client.upgrade(f"?token={person.token}")
        assert json.loads(await client.text())["type"] == "welcome"
        if room is not None:
            await client.command("room.subscribe", room=room)
        return client

    return stalled


# The server


@pytest.fixture(scope="module")
def database(postgres_database):
    return postgres_database()


@pytest.fixture
def variables(database):
    prefix = secrets.token_hex(4)
    # Not DEBUG: uvicorn and websockets would log every frame.
    return {
        "DATABASE_URL": database,
        "REDIS_URL": os.environ["REDIS_URL"],
        "REDIS_PREFIX": prefix,
        "LOG_LEVEL": "INFO",
    }


@pytest.fixture
def server(folder, variables):
    """A fresh one for each test: what the one before left in its memory would hide what this one takes."""
    with Server(folder / f"hostile-{secrets.token_hex(4)}.log", **variables) as server:
        yield server


@pytest.fixture
async def site(server):
    async with Site([server.url]).open() as opened:
        yield opened


def held(server: Server) -> set[int]:
    """The ports of the clients whose connections the server has a descriptor for."""
    descriptors = set()
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            descriptors.add(str(link.readlink()))
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, ours, theirs, *_, inode = line.split()[:10]
        if f"socket:[{inode}]" in descriptors and int(ours.rpartition(":")[2], 16) == server.port:
            ports.add(int(theirs.rpartition(":")[2], 16))
    return ports - {0}  # where it listens


async def gone(server: Server, clients: dict[str, Raw], seconds: float = GONE_SECONDS) -> None:
    """Wait until the server holds none of these any more."""
    waiting = set(clients)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while waiting:
                await asyncio.sleep(0.1)
                ports = held(server)
                waiting = {name for name in waiting if clients[name].port in ports}
    assert not waiting, f"still there after {seconds} s"


def numbered(clients: Iterable[Raw]) -> dict[str, Raw]:
    return {str(number): client for number, client in enumerate(clients)}


class Memory:
    """By how much a server's memory has grown at the most, in MB."""

    def __init__(self, server: Server) -> None:
        self._process = Path(f"/proc/{server.process.pid}")
        (self._process / "clear_refs").write_text("5")  # forgets the peak
        self._before = self._megabytes("VmRSS")

    def _megabytes(self, name: str) -> float:
        found = re.search(rf"{name}:\s*(\d+) kB", (self._process / "status").read_text())
        assert found
        return int(found[1]) / 1_024

    @property
    def growth(self) -> float:
        return self._megabytes("VmHWM") - self._before


# Writing


async def write(socket: Socket, room: str, count: int, **message: object) -> list[str]:
    """Send without waiting for answers; the events as the writer, who must be subscribed, heard them."""
    for number in range(count):
        await socket.connection.send(json.dumps({"type": "message.send", "room": room, "body": str(number)} | message))
    return [await heard(socket) for _ in range(count)]


async def heard(socket: Socket) -> str:
    async with asyncio.timeout(DEADLINE):
        text = await socket.connection.recv()
    assert '"seq":' in text[:200]
    return text


@contextlib.asynccontextmanager
async def writing(person: Person, room: str):
    async with person.socket() as socket:
        await socket.command("room.subscribe", room=room)
        yield socket


async def log(person: Person, room: str, count: int) -> list[dict]:
    events: list[dict] = []
    while len(events) < count:
        page = await person.call("GET", f"rooms/{room}/events/?limit=50&after_seq={len(events)}")
        events += page["results"]
    return events


# Slow readers


async def test_who_stops_reading_is_closed_and_the_others_hear_everything(server, site, stall, gather):
    alice = await site.newcomer("alice")
    room = await alice.room()
    stalled = await gather(*(stall(server, alice, room) for _ in range(40)))
    rid = asyncio.Event()
    known: dict[str, str] = {}

    async def speak(socket: Socket) -> int:
        count = 0
        while not rid.is_set():
            await socket.command("message.send", room=room, **FAT)
            count += 1
            await asyncio.sleep(0.05)
        await socket.command("message.send", room=room, body="last")
        return count + 1

    async def listen(socket: Socket) -> list[str]:
        texts: list[str] = []
        while not texts or '"body":"last"' not in texts[-1][:1_000]:
            text = await heard(socket)
            texts.append(known.setdefault(text, text))  # a hundred copies would be gigabytes
        return texts

    async def watch() -> None:
        try:
            await gone(server, numbered(stalled))
        finally:
            rid.set()

    async with contextlib.AsyncExitStack() as stack:
        readers = [await stack.enter_async_context(writing(alice, room)) for _ in range(100)]
        speaker = await stack.enter_async_context(alice.socket())
        memory = Memory(server)
        count, _, *heards = await gather(speak(speaker), watch(), *(listen(reader) for reader in readers))
        assert memory.growth < 40 * OUTBOX_MB + 64
        assert [json.loads(text) for text in heards[0]] == await log(alice, room, count)
        assert all(texts == heards[0] for texts in heards)
        for reader in readers:
            await reader.connection.send('{"type":"ping"}')
            assert await reader.frame() == {"type": "pong"}


@pytest.mark.parametrize("count", [50, 70, 300], ids=lambda count: f"after {count}")
async def test_who_reads_on_in_time_hears_everything_once(server, site, stall, count):
    """The outbox and the kernel take 40 or so; a few more are in the ring, and many more only in the log."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    async with writing(alice, room) as writer:
        events = await write(writer, room, count, **FAT)
        slow.read_on()
        assert await slow.texts(count) == events
        events = await write(writer, room, 3)
        assert await slow.texts(3) == events


async def test_who_stalls_again_and_again_hears_everything_once(server, site, stall):
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    slow.read_on()
    async with writing(alice, room) as writer:
        for _ in range(5):
            events = await write(writer, room, 100, **FAT)
            assert await slow.texts(100) == events


async def test_who_falls_thousands_of_events_behind_hears_everything_once(server, site, stall, gather):
    """It takes a little all the time, lest the machine be slower than the server is patient."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    slow = await stall(server, alice, room)
    slow.read_on()
    count, taken = 6_000, bytearray()
    written = asyncio.Event()

    async def take_a_little() -> None:
        while not written.is_set():
            for _ in range(10):
                taken.extend(await slow.some(most=10_000))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), 0.5)

    async def speak(writer: Socket) -> list[str]:
        events: list[str] = []
        while len(events) < count:
            events += await write(writer, room, 500, data="x" * 1_500)
        written.set()
        return events

    async with writing(alice, room) as writer:
        events, _ = await gather(speak(writer), take_a_little())
    behind = count - len(taken) // len(events[0])
    assert behind > 2_000
    slow.protocol.receive_data(bytes(taken))
    slow.frames = slow.protocol.events_received()
    assert await slow.texts(count) == events


async def test_readers_who_stall_over_an_old_log_cost_bounded_memory(server, site, stall, gather):
    """Each is brought up from far behind, as fast as it reads: not at all."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with writing(alice, room) as writer:
        for _ in range(6):
            await write(writer, room, 100, **FAT)
    clients = await gather(*(stall(server, alice) for _ in range(40)))
    memory = Memory(server)
    await gather(*(client.command("room.subscribe", room=room, since=0) for client in clients))
    await gone(server, numbered(clients))
    assert memory.growth < 40 * OUTBOX_MB + 128


# What a client that reads nothing does at last.
ENDS = {
    "stays": None,
    "is removed": None,
    "outstays its token": None,
    "closes": framed(b"\x03\xe8", Opcode.CLOSE),
    "sends no commands": framed("nonsense") * 10,
    "sends a binary frame": framed(b"x", Opcode.BINARY),
    "sends a frame too big": framed("x" * 70_000),
    "sends no frames": Frame(Opcode.TEXT, b"unmasked").serialize(mask=False),
    "asks and asks": framed('{"type":"room.unsubscribe","id":"x","room":"%s"}' % ("x" * 36)) * 2_000,
}
LEVELS = {"a little": 15, "too much": 80}


async def test_whatever_ends_a_client_that_reads_nothing_its_connection_is_freed(
    server, site, database, dial, stall, gather
):
    alice, removed, expiring = await gather(*(site.newcomer(name) for name in ("alice", "removed", "expiring")))
    rooms = {level: await alice.room(removed, expiring) for level in LEVELS}
    people = dict.fromkeys(ENDS, alice) | {"is removed": removed, "outstays its token": expiring}
    await asyncio.to_thread(expire, database, expiring, GONE_SECONDS / 3)
    clients: dict[tuple[str, str], RawSocket] = {
        (level, end): await stall(server, people[end], rooms[level]) for level in LEVELS for end in ENDS
    }
    halves = [await stall(server, alice, rooms[level]) for level in LEVELS]
    stranger = await dial(server, window=4_096)
    await stranger.upgrade()

    for level, count in LEVELS.items():
        async with writing(alice, rooms[level]) as writer:
            await write(writer, rooms[level], count, **FAT)
        await alice.call("DELETE", f"rooms/{rooms[level]}/members/{removed.id}/")
    assert {client.port for client in [*clients.values(), *halves]} <= held(server), "else nobody stalls"
    for client in halves:
        client.sock.shutdown(socket.SHUT_WR)
    for (_, end), client in clients.items():
        with contextlib.suppress(ConnectionError, TimeoutError):
            await client.write(ENDS[end] or b"")

    with contextlib.suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(5):
            await stranger.write(framed(json.dumps({"type": "ping", "id": "x" * 128})) * 20_000)

    named: dict[str, Raw] = {"never said who it was": stranger}
    named |= {f"{level} unread, {end}": client for (level, end), client in clients.items()}
    named |= {f"{level} unread, says no more": client for level, client in zip(LEVELS, halves, strict=True)}
    await gone(server, named, GONE_SECONDS + SLACK_SECONDS)


def expire(database: str, person: Person, seconds: float) -> None:
    """The access token will be good for so long and no longer."""
    digest = hashlib.sha256(person.token.encode()).hexdigest()
    with psycopg.connect(database, autocommit=True) as connection:
        done = connection.execute(
            "UPDATE accounts_device SET access_expires_at = now() + %s * interval '1 second' WHERE access_digest = %s",
            (seconds, digest),
        )
        assert done.rowcount == 1


async def test_who_reads_too_little_is_closed_though_its_connection_lives(server, site, database, stall, gather):
    """The kernel sees a client that takes something now and then; how much that is only the outbox knows."""
    alice, expiring = await site.newcomer("alice"), await site.newcomer("expiring")
    rooms = {level: await alice.room(expiring) for level in LEVELS}
    patience = settings.REALTIME_STALLED_SECONDS
    await asyncio.to_thread(expire, database, expiring, patience)
    clients = {
        "too much unread": await stall(server, alice, rooms["too much"]),
        "closes, too much unread": await stall(server, alice, rooms["too much"]),
        "closes, a little unread": await stall(server, alice, rooms["a little"]),
        "outstays its token, a little unread": await stall(server, expiring, rooms["a little"]),
    }
    over = asyncio.Event()

    async def sip(client: RawSocket) -> None:
        with contextlib.suppress(ConnectionError):
            while not over.is_set() and await client.some(GONE_SECONDS, most=2_000):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), 0.5)

    async def say() -> None:
        for level, count in LEVELS.items():
            async with writing(alice, rooms[level]) as writer:
                await write(writer, rooms[level], count, **FAT)
        for name, client in clients.items():
            await client.write(ENDS["closes"] if name.startswith("closes") else b"")
        await gone(server, clients, patience + limits._PARTING_SECONDS + SLACK_SECONDS)
        over.set()

    await gather(say(), *(sip(client) for client in clients.values()))


async def test_a_server_that_is_told_to_stop_waits_for_no_client_that_reads_nothing(server, site, stall, gather):
    alice = await site.newcomer("alice")
    room = await alice.room()
    await gather(*(stall(server, alice, room) for _ in range(20)))
    async with writing(alice, room) as writer:
        await write(writer, room, 80, **FAT)
        server.process.send_signal(signal.SIGTERM)
        assert await writer.closed() == 1012
    assert await asyncio.to_thread(server.process.wait, 30) in (0, -signal.SIGTERM)


# Pings


async def flood(client: RawSocket, frames: int, data: bytes = b"x" * 125) -> None:
    """Pings, and no pong is read."""
    with contextlib.suppress(ConnectionError):
        await pour(client, framed(data, Opcode.PING) * 1_000, frames // 1_000)


async def test_a_flood_of_pings_ends_the_connection_that_it_comes_from_and_no_other(server, site, stall, gather):
    alice = await site.newcomer("alice")
    floods = [await stall(server, alice) for _ in range(10)]
    over = asyncio.Event()

    async def ask(socket: Socket) -> None:
        while not over.is_set():
            async with asyncio.timeout(DEADLINE):
                await (await socket.connection.ping())
            await socket.connection.send('{"type":"ping"}')
            assert await socket.frame() == {"type": "pong"}
            await asyncio.sleep(0.5)

    async def drown() -> None:
        await gather(*(flood(client, 50_000) for client in floods))
        await gone(server, numbered(floods), SLACK_SECONDS)
        over.set()

    async with alice.socket() as neighbour:
        memory = Memory(server)
        await gather(drown(), ask(neighbour))
    assert memory.growth < len(floods) * OUTBOX_MB + 16


async def test_a_flood_of_pings_is_logged_once(server, site, stall):
    """As many lines as pings would be the flood's second victim."""
    alice = await site.newcomer("alice")
    client = await stall(server, alice)
    await flood(client, 50_000, b"")
    await gone(server, {"it": client})
    assert server.log.read_text().count("pings in") == 1


async def test_where_no_rate_is_limited_unread_pongs_cost_bounded_memory(folder, variables, stall):
    with Server(folder / "unlimited.log", **variables, ROOMWIRE_RATE_LIMITS="off") as server:
        async with Site([server.url]).open() as site:
            client = await stall(server, await site.newcomer("alice"))
            memory = Memory(server)
            await flood(client, 200_000)
            assert memory.growth < OUTBOX_MB + 16


async def test_moderate_pinging_is_never_punished(server, site, dial, gather):
    """Longer than the server counts for."""
    alice = await site.newcomer("alice")
    seconds = int(limits._PINGS_SECONDS) + 2

    async def once_a_second() -> None:
        client = await dial(server)
        await client.upgrade(f"?token={alice.token}")
        await client.text()
        for number in range(seconds):
            await client.send(f"{number}", Opcode.PING)
            pong = await client.frame()
            assert (pong.opcode, bytes(pong.data)) == (Opcode.PONG, f"{number}".encode())
            await asyncio.sleep(1)

    async def keepalive() -> None:
        url = f"{site.ws()}/ws/?token={alice.token}"
        async with connect(url, ping_interval=0.3, ping_timeout=DEADLINE) as connection:
            await asyncio.sleep(seconds)
            await connection.send('{"type":"ping"}')
            socket = Socket(connection)
            assert await socket.wait_for(lambda frame: frame["type"] == "pong")
            assert connection.latency > 0

    await gather(once_a_second(), keepalive())


async def test_as_many_pings_at_once_as_are_allowed_are_all_answered(server, site, dial):
    alice = await site.newcomer("alice")
    client = await dial(server)
    await client.upgrade(f"?token={alice.token}")
    await client.text()
    pings = [f"{number}".encode() for number in range(limits._PINGS)]
    await client.write(b"".join(framed(ping, Opcode.PING) for ping in pings))
    pongs = [await client.frame() for _ in pings]
    assert [(pong.opcode, bytes(pong.data)) for pong in pongs] == [(Opcode.PONG, ping) for ping in pings]


@pytest.mark.parametrize("size", [1, 7, 1_000])
async def test_a_message_in_pieces_with_pings_and_pongs_between_them_is_understood(server, site, dial, size):
    """Cut anywhere, in the middle of a character too."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    client = await dial(server)
    await client.upgrade(f"?token={alice.token}")
    await client.text()
    body = "añ你😀 " * 40
    command = {"type": "message.send", "id": 0, "room": room, "body": body}
    text = json.dumps(command, ensure_ascii=False).encode()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    pings = 0
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONT if number else Opcode.TEXT
        await client.send(piece, opcode, fin=number == len(pieces) - 1)
        await client.send(b"unasked", Opcode.PONG)
        if number % (len(pieces) // 30 + 1) == 0:
            await client.send(b"ping", Opcode.PING)
            pings += 1
    frames = [await client.frame() for _ in range(pings + 1)]
    (reply,) = [json.loads(frame.data) for frame in frames if frame.opcode is Opcode.TEXT]
    assert reply["data"]["body"] == body
    assert [frame.data for frame in frames if frame.opcode is Opcode.PONG] == [b"ping"] * pings


# Requests that never come to an end

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


DAWDLERS = {
    "nothing": (b"", HEADERS),
    "an empty line": (b"\r\n", HEADERS),
    "half a request line": (GET[:10], HEADERS),
    "half the headers": (GET, HEADERS),
    "half a handshake": (GET + b"Upgrade: websocket\r\nConnection: Upgrade\r\n", HEADERS),
    "half the next request": (GET + b"\r\n" + GET, HEADERS),
    "no body": (POST + b"Content-Length: 100\r\n\r\n", BODY),
    "half a body": (POST + b'Content-Length: 100\r\n\r\n{"username":', BODY),
    "half a chunk": (POST + b'Transfer-Encoding: chunked\r\n\r\n64\r\n{"username":', BODY),
    "a body that nobody wants": (GET + b"Content-Length: 100\r\n\r\n", BODY),
}


def page_of(person: Person, room: str) -> bytes:
    """The request for a room's first events."""
    line = f"GET /api/v1/rooms/{room}/events/?limit=200 HTTP/1.1\r\nHost: localhost\r\n"
    return f"{line}Authorization: Bearer {person.token}\r\n\r\n".encode()


async def test_who_dawdles_is_closed_in_time_and_who_does_not_is_served(server, site, dial, gather):
    """All at once, so that it takes no longer than the longest: 500 that dawdle, some that drip, and users."""
    alice = await site.newcomer("alice")
    login = json.dumps({"username": alice.username, "password": PASSWORD}).encode()

    async def dawdle(name: str) -> str | None:
        request, seconds = DAWDLERS[name]
        client = await dial(server, Raw)
        await client.write(request)
        try:
            await client.rest(seconds + SLACK_SECONDS)
        except TimeoutError:
            return name

    async def drip(request: bytes, seconds: float) -> bytes:
        """A byte a second, never the last; what is answered."""
        client = await dial(server, Raw)
        await client.write(request)
        answer = asyncio.ensure_future(client.rest(seconds + SLACK_SECONDS))
        with contextlib.suppress(ConnectionError):
            while not answer.done():
                await client.write(b"x")
                await asyncio.wait([answer], timeout=1)
        return await answer

    async def slowly(head: bytes, body: bytes, seconds: int) -> bytes:
        """In as many pieces as seconds, and the first line of the answer."""
        client = await dial(server, Raw)
        await client.write(head)
        step = -(-len(body) // seconds)
        for at in range(0, len(body), step):
            await client.write(body[at : at + step])
            await asyncio.sleep(1)
        return (await client.some()).partition(b"\r\n")[0]

    async def taste() -> bool:
        """An answer of some megabytes, taken in no fewer seconds than a request may take; whether it was whole."""
        room = await alice.room()
        async with writing(alice, room) as writer:
            await write(writer, room, 100, **FAT)
        client = await dial(server, Raw, window=65_536)
        await client.write(page_of(alice, room))
        whole = (await alice.request("GET", f"rooms/{room}/events/?limit=200")).content
        answer, sip = b"", len(whole) // int(BODY + 6)
        while not answer.endswith(whole):
            before = len(answer)
            while len(answer) < before + sip and (part := await client.some()):
                answer += part
            if len(answer) == before:
                return False
            await asyncio.sleep(1)
        return True

    async def again_and_again() -> None:
        """One connection for longer than a request may take."""
        client = await dial(server, Raw)
        for _ in range(int(HEADERS) // 2 + 2):
            await healthy(client)
            await asyncio.sleep(2)
        await healthy(client, 3)

    async def use() -> None:
        """As anybody would, while the others are there."""
        for _ in range(3):
            bob = await site.newcomer("bob")
            room = await bob.room()
            async with bob.socket() as socket:
                await socket.command("room.subscribe", room=room)
                await bob.send(room, "hello")
                assert (await socket.event())["data"]["body"] == "hello"
            await asyncio.sleep(1)

    header, body = GET + b"X-Slow: ", POST + b"Content-Length: 1000\r\n\r\n"
    sized = POST + f"Content-Length: {len(login)}\r\n\r\n".encode()
    *lasting, _, _, upload, request, whole, _, _ = await gather(
        *(dawdle(name) for name in [*DAWDLERS] * (500 // len(DAWDLERS))),
        drip(header, HEADERS),
        drip(body, BODY),
        slowly(sized, login, int(HEADERS) + 3),
        slowly(b"", GET + b"\r\n", int(HEADERS) - 4),
        taste(),
        again_and_again(),
        use(),
    )
    assert {name for name in lasting if name} == set()
    assert upload == b"HTTP/1.1 200 OK"
    assert request == b"HTTP/1.1 200 OK"
    assert whole


async def test_an_empty_line_after_an_answer_does_not_hold_the_connection(server, dial):
    """Which a parser passes over, and no request begins with it."""
    client = await dial(server, Raw)
    await healthy(client)
    await client.write(b"\r\n")
    await gone(server, {"it": client}, HEADERS + SLACK_SECONDS)


ENDLESS = {
    "one header": (GET + b"X-Long: ", b"x" * 1_000),
    "many headers": (GET, b"X: y\r\n" * 200),
    "an address": (b"GET /", b"x" * 1_000),
    "a trailer": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 200),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_a_head_without_end_costs_bounded_memory(server, dial, what):
    begin, part = ENDLESS[what]
    client = await dial(server, Raw)
    memory = Memory(server)
    with contextlib.suppress(ConnectionError, TimeoutError):
        await client.write(begin)
        await pour(client, part * 1_000, 32)
    await gone(server, {"it": client}, BODY + SLACK_SECONDS)
    assert memory.growth < 16


@pytest.mark.parametrize("length", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
async def test_a_body_without_end_is_not_taken(server, dial, length):
    """What the application would refuse for its size anyway; until it has all of it, it lies on the disk."""
    client = await dial(server, Raw)
    await client.write(POST + f"{length}\r\n\r\n".encode())
    with pytest.raises(ConnectionError):
        await pour(client, b"100000\r\n" + b"x" * 0x100000 + b"\r\n", 64)


async def test_who_does_not_read_an_answer_is_closed(server, site, dial, gather):
    """A page of fat events is more than the kernel takes."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with writing(alice, room) as writer:
        for _ in range(2):
            await write(writer, room, 100, **FAT)
    clients = [await dial(server, Raw, window=4_096) for _ in range(5)]
    await gather(*(client.write(page_of(alice, room)) for client in clients))
    await gather(*(client.some(most=1) for client in clients))
    await gone(server, numbered(clients), GONE_SECONDS + SLACK_SECONDS)
