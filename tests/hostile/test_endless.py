"""Requests without end, and answers that nobody reads, cost a bounded time and memory."""

import contextlib

import pytest

from tests.hostile.requests import BODY, GET, POST, page_of
from tests.hostile.watch import GONE_SECONDS, SLACK_SECONDS, Memory, gone, numbered
from tests.hostile.writing import FAT, write, writing
from tests.raw import Raw, pour

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
