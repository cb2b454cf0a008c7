"""A backup is restored, with real servers: whoever comes back with a position that the log no longer has is told so,
by every door; whoever stayed connected is told as well."""

import asyncio
import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.client import DEADLINE, Person, Site
from tests.servers import Server, migrate

LOST, AFTER = 10, 13

_DISCONNECT = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"


class Postgres:
    """A database of the suite's server, copied and put back as a whole: its clients are disconnected, as always."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.base, _, self.name = url.rpartition("/")

    def back_up(self) -> None:
        self._copy(self.name, f"{self.name}_backup")

    def restore(self) -> None:
        with psycopg.connect(f"{self.base}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{self.name}" WITH (FORCE)')
        self._copy(f"{self.name}_backup", self.name)

    def _copy(self, source: str, target: str) -> None:
        with psycopg.connect(f"{self.base}/postgres", autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{source}" ALLOW_CONNECTIONS false')
            connection.execute(_DISCONNECT, [source])
            connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')
            for name in (source, target):
                connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


class Sqlite:
    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"
        migrate(self.url)

    def back_up(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            connection.execute("VACUUM INTO ?", [str(self.path.with_suffix(".backup"))])

    def restore(self) -> None:
        for left in self.path.parent.glob(f"{self.path.name}-*"):
            left.unlink()
        shutil.copyfile(self.path.with_suffix(".backup"), self.path)


@pytest.fixture(params=["postgres", "sqlite"])
def database(request, folder, postgres_database):
    if request.param == "sqlite":
        return Sqlite(folder / f"restored-{secrets.token_hex(4)}.sqlite3")
    return Postgres(postgres_database())


async def persistently(action: Callable):
    """Until the servers have found the database again."""
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                return await action()
            except Exception:
                await asyncio.sleep(0.1)


async def say_to(alice: Person, room: str, seq: int) -> None:
    async def head() -> int:
        return (await alice.call("GET", f"rooms/{room}/"))["last_seq"]

    while await persistently(head) < seq:
        await persistently(lambda: alice.send(room, secrets.token_hex(4)))


async def answers(alice: Person, room: str, seq: int, epoch: str) -> list[bool]:
    """Whether it is recovered from there, by each door; where there is news, sync is one."""
    page = await alice.call("GET", f"rooms/{room}/events/?after_seq={seq}&epoch={epoch}")
    got = (await alice.call("GET", f"sync/?since={room}.{seq}.{epoch}"))["rooms"]
    posted = (await alice.call("POST", "sync/", {"since": {room: {"seq": seq, "epoch": epoch}}}))["rooms"]
    async with alice.socket() as socket:
        one = await socket.command("room.subscribe", room=room, since=seq, epoch=epoch)
        wanted = {room: {"since": seq, "epoch": epoch}}
        many = await socket.command("room.subscribe", rooms=wanted)
        every = await socket.command("room.subscribe", rooms="all", positions=wanted)
    async with alice.socket(path=f"/ws/rooms/{room}/", query=f"&since={seq}&epoch={epoch}") as socket:
        addressed = await socket.wait_for(lambda frame: frame["type"] == "reply")
    said = [page, *got, *posted, one, many["rooms"][room], every["rooms"][room], addressed["data"]]
    return [each["recovered"] for each in said]


async def test_restored_while_no_server_was_there(database, folder):
    log = folder / f"restored-{secrets.token_hex(4)}.log"
    with Server(log, DATABASE_URL=database.url) as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")
            room = await alice.room()
            await say_to(alice, room, 5)
            database.back_up()
            await say_to(alice, room, LOST)
            epoch = (await alice.call("GET", f"rooms/{room}/"))["epoch"]
    database.restore()
    with Server(log, DATABASE_URL=database.url) as server:
        async with Site([server.url]).open() as site:
            alice = Person(site, alice.login)
            await say_to(alice, room, AFTER)
            assert set(await answers(alice, room, LOST, epoch)) == {False}
            assert set(await answers(alice, room, 5, epoch)) == {True}
            now = (await alice.call("GET", f"rooms/{room}/"))["epoch"]
            assert set(await answers(alice, room, LOST, now)) == {True}


async def test_a_server_that_is_started_again_recovers_everybody(database, folder):
    """Nothing was restored: whatever generation it is."""
    log = folder / f"again-{secrets.token_hex(4)}.log"
    with Server(log, DATABASE_URL=database.url) as server:
        async with Site([server.url]).open() as site:
            alice = await site.newcomer("alice")
            room = await alice.room()
            await say_to(alice, room, LOST)
            epoch = (await alice.call("GET", f"rooms/{room}/"))["epoch"]
    with Server(log, DATABASE_URL=database.url) as server:
        async with Site([server.url]).open() as site:
            alice = Person(site, alice.login)
            async with alice.socket() as socket:
                reply = await socket.command("room.subscribe", room=room, since=LOST - 1, epoch=epoch)
                assert (reply["recovered"], reply["from"]) == (True, LOST - 1)
                await say_to(alice, room, AFTER)
                assert [(await socket.frame()).get("seq") for _ in range(4)] == list(range(LOST, AFTER + 1))
            assert set(await answers(alice, room, LOST, epoch)) == {True}
            assert set(await answers(alice, room, AFTER, reply["epoch"])) == {True}


async def test_restored_under_two_workers(folder, postgres_database):
    """Somebody was connected, somebody was not; the room is written to by the worker that knows nothing of it."""
    database = Postgres(postgres_database())
    with contextlib.ExitStack() as stack:
        name = secrets.token_hex(4)
        shared = {"DATABASE_URL": database.url}
        logs = [folder / f"restored-{name}-{number}.log" for number in range(2)]
        workers = [stack.enter_context(Server(log, **shared)) for log in logs]
        async with Site([worker.url for worker in workers]).open() as site:
            alice = await site.newcomer("alice")
            room = await alice.room()
            await say_to(alice, room, 5)
            database.back_up()
            await say_to(alice, room, LOST)
            epoch = (await alice.call("GET", f"rooms/{room}/"))["epoch"]
            async with alice.socket() as socket:
                await socket.command("room.subscribe", room=room, since=LOST, epoch=epoch)
                database.restore()
                resync = await socket.wait_for(lambda frame: frame["type"] == "room.resync")
                assert resync["reason"] == "epoch"
                assert resync["epoch"] != epoch
                for _ in range(8):
                    await persistently(lambda: alice.send(room, "after", worker=1))
                heard = await socket.wait_for(lambda frame: frame.get("seq") == AFTER)
                assert heard["data"]["body"] == "after"
            for urls, https in ((site.urls, site.https), (site.urls[::-1], site.https[::-1])):
                there = Person(Site(urls, https), alice.login)
                assert set(await answers(there, room, LOST, epoch)) == {False}
                assert set(await answers(there, room, AFTER, resync["epoch"])) == {True}
