"""A subscription to Redis that is dead without an error: nobody misses anything, and it is made anew."""

import contextlib
import os
import secrets
from urllib.parse import urlsplit

import pytest

from tests.client import Site, until
from tests.proxy import Line, Proxy
from tests.servers import Server


@pytest.fixture
def proxy():
    with Proxy(urlsplit(os.environ["REDIS_URL"]).port or 6379) as proxy:
        yield proxy


@pytest.fixture
async def site(folder, postgres_database, proxy):
    """The first worker has Redis behind the proxy, the second beside it."""
    shared = {"DATABASE_URL": postgres_database(), "REDIS_PREFIX": secrets.token_hex(4)}
    redis = [f"redis://127.0.0.1:{proxy.port}/0", os.environ["REDIS_URL"]]
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(Server(folder / f"deaf-{n}.log", REDIS_URL=url, **shared))
            for n, url in enumerate(redis)
        ]
        async with Site([worker.url for worker in workers]).open() as opened:
            yield opened


def subscribers(proxy: Proxy) -> list[Line]:
    return [line for line in proxy.lines if b"SUBSCRIBE" in line.said]


async def test_a_deaf_worker_notices_and_listens_anew(site, proxy):
    alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
    room = await alice.room(bob)
    async with bob.socket(path=f"/ws/rooms/{room}/", worker=0) as socket:
        await alice.send(room, "heard", worker=1)
        assert (await socket.event())["data"]["body"] == "heard"

        deaf = subscribers(proxy)
        for line in deaf:
            line.silent = True
        await alice.send(room, "read from the log", worker=1)
        assert (await socket.event())["data"]["body"] == "read from the log"

        await until(lambda: any(b"room." in line.said for line in subscribers(proxy) if line not in deaf))
        await alice.send(room, "heard again", worker=1)
        assert (await socket.event())["data"]["body"] == "heard again"
        await until(lambda: any(b"heard again" in line.told for line in subscribers(proxy) if line not in deaf))
