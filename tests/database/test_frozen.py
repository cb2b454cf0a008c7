"""PostgreSQL stops answering under a live server, or becomes read-only: each call is answered, and it recovers."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect

from devtools.postgres import Postgres
from tests.client import Refused, Site
from tests.database.frozen import frozen
from tests.deploy.running import on_linux
from tests.servers import Server, manage

pytestmark = on_linux

# A second each, where it is ten by default.
TIMEOUT = {"DATABASE_STATEMENT_TIMEOUT_MS": "1000"}
BOUND = 60.0


@pytest.fixture(scope="module")
def postgres(folder):
    with Postgres(durable=False) as postgres:
        manage("migrate", "--verbosity", "0", DATABASE_URL=postgres.url)
        yield postgres


@pytest.fixture
async def site(folder, postgres):
    with Server(folder / "frozen.log", DATABASE_URL=postgres.url, **TIMEOUT) as server:
        async with Site([server.url]).open() as opened:
            opened.https[0].timeout = httpx.Timeout(BOUND)
            yield opened


async def refusal(call) -> str:
    """The code of what is refused; never how long it takes."""
    async with asyncio.timeout(BOUND):
        with pytest.raises(Refused) as refused:
            await call
    return refused.value.code


async def handshake(alice) -> str:
    """What a new socket is told before it is closed."""
    async with asyncio.timeout(BOUND):
        headers = {"Authorization": f"Bearer {alice.token}"}
        async with connect(f"{alice.site.ws()}/ws/", additional_headers=headers, open_timeout=BOUND) as socket:
            told = await socket.recv()
            await socket.wait_closed()
    return told if '"unavailable"' in told and socket.close_code == 1011 else f"{socket.close_code} {told}"


async def readiness(site) -> tuple[int, str]:
    answer = await site.http().get("readyz")
    return answer.status_code, answer.json()["database"]


async def until(site, expected) -> None:
    async with asyncio.timeout(BOUND):
        while await readiness(site) != expected:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)


async def test_while_it_is_frozen_everything_is_answered(site, postgres, gather):
    """With more commands under way than there are threads for them, and with messages stored by one thread."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(alice.socket()) for _ in range(12)]
        await sockets[0].command("room.subscribe", room=room)
        before = await alice.send(room, "before", client_ref="before")
        with frozen(postgres):
            for number in range(2):  # the second time, with connections that are no more
                codes = await gather(
                    refusal(alice.call("GET", "rooms/")),
                    *(refusal(alice.send(room, f"rest {n}", client_ref=f"rest {n}")) for n in range(3)),
                    refusal(sockets[0].command("message.send", room=room, body="sent", client_ref="sent")),
                    *(refusal(socket.command("room.read", room=room, seq=1)) for socket in sockets[1:]),
                )
                assert codes == ["unavailable"] * len(codes), number
                assert '"unavailable"' in await handshake(alice)
                assert await readiness(site) == (503, "down")
                assert (await site.http().get("healthz")).status_code == 200
        await until(site, (200, "ok"))
        bodies = {"before": "before", "sent": "sent"} | {f"rest {n}": f"rest {n}" for n in range(3)}
        for reference, body in bodies.items():
            await _as_soon_as_it_answers(lambda r=reference, b=body: alice.send(room, b, client_ref=r))
        for socket in sockets[1:]:
            await _as_soon_as_it_answers(lambda s=socket: s.command("room.read", room=room, seq=1))
        events = await sockets[0].events(len(bodies))
        assert events[0]["data"] == before
        assert sorted(event["data"]["client_ref"] for event in events) == sorted(bodies)
        log = await alice.call("GET", f"rooms/{room}/events/?after_seq=0")
        assert [event["seq"] for event in log["results"]] == list(range(1, len(bodies) + 1))


async def _as_soon_as_it_answers(call):
    async with asyncio.timeout(BOUND):
        while True:
            try:
                return await call()
            except Refused as refused:
                if refused.code != "unavailable":
                    raise
                await asyncio.sleep(0.2)


async def test_after_a_switch_of_roles_no_connection_to_the_old_primary_is_kept(site, postgres):
    """Connections that are there become read-only, new ones are not: as when an address moves to another server."""
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(alice.socket()) for _ in range(8)]
        sent = [await alice.send(room, str(number)) for number in range(8)]
        with psycopg.connect(postgres.url, autocommit=True) as sql:
            sql.execute("ALTER SYSTEM SET default_transaction_read_only = on")
            sql.execute("SELECT pg_reload_conf()")
            await until(site, (503, "read-only"))
            assert await refusal(alice.send(room, "while both are read-only", client_ref="1")) == "unavailable"
            sql.execute("SET default_transaction_read_only = off")
            sql.execute("ALTER ROLE CURRENT_USER SET default_transaction_read_only = off")
            try:
                await until(site, (200, "ok"))
                for number, message in enumerate(sent):
                    edit = {"room": room, "message": message["id"], "body": "edited"}
                    await sockets[number].command("message.edit", **edit)
                for number in range(40):
                    await alice.send(room, str(number))
            finally:
                sql.execute("ALTER SYSTEM RESET default_transaction_read_only")
                sql.execute("SELECT pg_reload_conf()")
                sql.execute("ALTER ROLE CURRENT_USER RESET default_transaction_read_only")


async def test_readyz_tells_of_a_disk_that_takes_nothing(site, postgres):
    await until(site, (200, "ok"))
    with psycopg.connect(postgres.url, autocommit=True) as sql:
        sql.execute("ALTER SYSTEM SET temp_file_limit = 0")
        sql.execute("SELECT pg_reload_conf()")
        try:
            await until(site, (503, "disk full"))
        finally:
            sql.execute("ALTER SYSTEM RESET temp_file_limit")
            sql.execute("SELECT pg_reload_conf()")
        await until(site, (200, "ok"))
