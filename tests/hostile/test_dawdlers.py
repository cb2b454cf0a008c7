"""Requests that never come to an end are given up in time, and slow ones are served."""

import asyncio
import contextlib
import functools
import json
from collections.abc import Awaitable, Callable

import pytest

from tests.client import PASSWORD, Person, Site
from tests.hostile.requests import BODY, GET, HEADERS, POST, healthy, page_of
from tests.hostile.watch import SLACK_SECONDS, gone
from tests.hostile.writing import FAT, write, writing
from tests.raw import Raw

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

# Opens one more connection.
Connect = Callable[..., Awaitable[Raw]]


async def dawdle(connect: Connect, name: str) -> str | None:
    """The name, if the server has not closed in time."""
    request, seconds = DAWDLERS[name]
    client = await connect()
    await client.write(request)
    try:
        await client.rest(seconds + SLACK_SECONDS)
    except TimeoutError:
        return name


async def drip(connect: Connect, request: bytes, seconds: float) -> bytes:
    """A byte a second, never the last; what is answered."""
    client = await connect()
    await client.write(request)
    answer = asyncio.ensure_future(client.rest(seconds + SLACK_SECONDS))
    with contextlib.suppress(ConnectionError):
        while not answer.done():
            await client.write(b"x")
            await asyncio.wait([answer], timeout=1)
    return await answer


async def slowly(connect: Connect, head: bytes, body: bytes, seconds: int) -> bytes:
    """In as many pieces as seconds, and the first line of the answer."""
    client = await connect()
    await client.write(head)
    step = -(-len(body) // seconds)
    for at in range(0, len(body), step):
        await client.write(body[at : at + step])
        await asyncio.sleep(1)
    return (await client.some()).partition(b"\r\n")[0]


async def taste(connect: Connect, person: Person) -> bool:
    """An answer of some megabytes, taken in no fewer seconds than a request may take; whether it was whole."""
    room = await person.room()
    async with writing(person, room) as writer:
        await write(writer, room, 100, **FAT)
    client = await connect(window=65_536)
    await client.write(page_of(person, room))
    whole = (await person.request("GET", f"rooms/{room}/events/?limit=200")).content
    answer, sip = b"", len(whole) // int(BODY + 6)
    while not answer.endswith(whole):
        before = len(answer)
        while len(answer) < before + sip and not answer.endswith(whole) and (part := await client.some()):
            answer += part
        if len(answer) == before:
            return False
        await asyncio.sleep(1)
    return True


async def again_and_again(connect: Connect) -> None:
    """One connection for longer than a request may take."""
    client = await connect()
    for _ in range(int(HEADERS) // 2 + 2):
        await healthy(client)
        await asyncio.sleep(2)
    await healthy(client, 3)


async def use(site: Site) -> None:
    """As anybody would, while the others are there."""
    for _ in range(3):
        bob = await site.newcomer("bob")
        room = await bob.room()
        async with bob.socket() as socket:
            await socket.command("room.subscribe", room=room)
            await bob.send(room, "hello")
            assert (await socket.event())["data"]["body"] == "hello"
        await asyncio.sleep(1)


async def test_who_dawdles_is_closed_in_time_and_who_does_not_is_served(server, site, dial, gather):
    """All at once, so that it takes no longer than the longest: 500 that dawdle, some that drip, and users."""
    alice = await site.newcomer("alice")
    login = json.dumps({"username": alice.username, "password": PASSWORD}).encode()
    connect = functools.partial(dial, server, Raw)
    header, body = GET + b"X-Slow: ", POST + b"Content-Length: 1000\r\n\r\n"
    sized = POST + f"Content-Length: {len(login)}\r\n\r\n".encode()
    *lasting, _, _, upload, request, whole, _, _ = await gather(
        *(dawdle(connect, name) for name in [*DAWDLERS] * (500 // len(DAWDLERS))),
        drip(connect, header, HEADERS),
        drip(connect, body, BODY),
        slowly(connect, sized, login, int(HEADERS) + 3),
        slowly(connect, b"", GET + b"\r\n", int(HEADERS) - 4),
        taste(connect, alice),
        again_and_again(connect),
        use(site),
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


async def test_an_idle_connection_outlasts_what_clients_keep_for_their_next_request(server, dial):
    """They commonly keep one for 5 s, and lose the request that goes out while the server hangs up."""
    client = await dial(server, Raw)
    await healthy(client)
    with pytest.raises(TimeoutError):
        await client.rest(7)
    await healthy(client)
