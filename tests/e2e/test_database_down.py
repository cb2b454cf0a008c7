"""PostgreSQL dies under a live server: everybody is told so, nobody is dropped, and nothing acknowledged is lost."""

import asyncio

import pytest

from devtools.postgres import Postgres
from tests.client import Refused, Site
from tests.servers import Server, manage


@pytest.fixture
def postgres(folder):
    """One of its own, which keeps its word about commits."""
    with Postgres(data=folder / "postgres") as postgres:
        yield postgres


@pytest.fixture
async def site(folder, postgres):
    manage("migrate", "--verbosity", "0", DATABASE_URL=postgres.url)
    with Server(folder / "database-down.log", DATABASE_URL=postgres.url) as server:
        async with Site([server.url]).open() as opened:
            yield opened


async def test_while_the_database_is_down(site, postgres):
    alice = await site.newcomer("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.command("room.subscribe", room=room)
        before = await alice.send(room, "before", client_ref="1")
        await asyncio.to_thread(postgres.kill)

        with pytest.raises(Refused) as refused:
            await alice.send(room, "during", client_ref="2")
        assert (refused.value.code, refused.value.status) == ("unavailable", 503)
        assert refused.value.body["retry_after"] > 0
        with pytest.raises(Refused, match="unavailable"):
            await socket.command("message.send", room=room, body="during", client_ref="2")
        assert (await site.http().get("../../healthz")).status_code == 200
        assert (await site.http().get("../../readyz")).status_code == 503
        await socket.connection.send('{"type":"ping"}')
        assert await socket.wait_for(lambda frame: frame["type"] == "pong")

        await asyncio.to_thread(postgres.start)
        after = await _as_soon_as_it_answers(alice, room)
        assert [event["data"] for event in await socket.events(2)] == [before, after]
        assert (await alice.send(room, "before", client_ref="1")) == before


async def _as_soon_as_it_answers(person, room: str) -> dict:
    async with asyncio.timeout(30):
        while True:
            try:
                return await person.send(room, "after", client_ref="2")
            except Refused as refused:
                if refused.code != "unavailable":
                    raise
                await asyncio.sleep(0.2)
