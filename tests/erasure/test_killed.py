"""A process that is killed in the middle of an erasure: what it left is finished by the command, or the next start."""

import asyncio
import contextlib
import secrets

import httpx
import psycopg
import pytest

from tests.client import PASSWORD, Person, Site, until
from tests.erasure import dump
from tests.servers import Server, manage

MESSAGES = 3_000

# So many messages as it would take minutes to send, with what the log tells of each.
_WRITE = """
    WITH said AS (
        INSERT INTO chat_message (id, room_id, author_id, seq, body, data, client_ref, created_at)
        SELECT gen_random_uuid(), %(room)s::uuid, %(author)s::uuid, %(after)s + number, %(words)s,
            to_jsonb(%(words)s::text), %(words)s || number, now()
        FROM generate_series(1, %(count)s) AS number
        RETURNING *
    ), told AS (
        INSERT INTO chat_event (room_id, seq, type, payload, message_id, created_at)
        SELECT room_id, seq, 'message.created', json_build_object(
            'type', 'message.created', 'room', room_id, 'seq', seq, 'at', created_at, 'data', json_build_object(
                'id', id, 'room', room_id, 'seq', seq, 'body', body,
                'author', json_build_object('id', author_id, 'username', %(name)s),
                'data', data, 'client_ref', client_ref, 'reply_to', NULL, 'created_at', created_at,
                'edited_at', NULL, 'deleted_at', NULL)), id, created_at
        FROM said
    )
    UPDATE chat_room SET last_seq = last_seq + %(count)s WHERE id = %(room)s
"""


def emptied(connection: psycopg.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM chat_message WHERE body = ''").fetchone()
    return count


async def kill_in_the_middle(server: Server, database: str, alice: Person) -> None:
    """Between two of its steps. One row is locked, so that it can't get to the end before."""
    with psycopg.connect(database) as holding, psycopg.connect(database, autocommit=True) as looking:
        holding.execute("SELECT 1 FROM chat_message ORDER BY id DESC LIMIT 1 FOR UPDATE")
        erasing = asyncio.create_task(alice.request("POST", "users/me/erase/", json={"password": PASSWORD}))
        await until(lambda: emptied(looking))
        server.process.kill()
        server.process.wait()
        with contextlib.suppress(httpx.TransportError):
            await erasing
        assert 0 < emptied(looking) < MESSAGES


@pytest.mark.parametrize("how", ["command", "start"])
async def test_what_a_killed_process_left_is_finished(folder, postgres_database, how):
    database = postgres_database()
    words = secrets.token_hex(8)
    with Server(folder / f"killed-{how}.log", DATABASE_URL=database) as server:
        async with Site([server.url]).open() as site:
            alice, bob = await site.newcomer("alice"), await site.newcomer("bob")
            room = await alice.room(bob)
            given = {"room": room, "author": alice.id, "after": 1, "count": MESSAGES, "words": words}
            with psycopg.connect(database, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
                connection.execute(_WRITE, given | {"name": alice.username})
            assert len(dump.found(dump.database(database), words)) == 2
            await kill_in_the_middle(server, database, alice)
    left = dump.found(dump.database(database), words)
    assert {place for _, place in left} == {"chat_message", "chat_event"}
    if how == "command":
        manage("finish_erasures", DATABASE_URL=database)
    with Server(folder / f"started-{how}.log", DATABASE_URL=database) as server:
        async with Site([server.url]).open() as site:
            await finished(Person(site, bob.login), room)
    assert dump.found(dump.database(database), words, alice.username) == []


async def finished(bob: Person, room: str) -> None:
    """Tells the members who were away, and puts one of them in charge."""
    async with bob.socket() as socket:
        await socket.command("room.subscribe", room=room, since=0)
        types: list[str] = []
        while not types or types[-1] != "user.erased":
            types.append((await socket.event())["type"])
    assert types == ["member.joined", *["message.created"] * MESSAGES, "member.left", "member.updated", "user.erased"]
    (member,) = (await bob.call("GET", f"rooms/{room}/members/"))["results"]
    assert (member["user"]["id"], member["role"]) == (bob.id, "owner")
