"""Sockets: too many handshakes, too many commands, too many connections."""

import asyncio
import json
import math
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.client import DEADLINE, Person, Refused, Site, Socket
from tests.limits import numbers
from tests.limits.storm import somewhere

HANDSHAKES = numbers.RATES["handshakes"][0]
AT_ONCE = numbers.REALTIME_COMMANDS_AT_ONCE
CONNECTIONS = numbers.REALTIME_CONNECTIONS_PER_USER


async def newcomer(site: Site) -> Person:
    site.http().headers["X-Forwarded-For"] = somewhere()
    return await site.newcomer()


@asynccontextmanager
async def opened(site: Site, *, token: str = "", path: str = "/ws/", address: str | None = None, worker: int = 0):
    """A socket from an address, whatever it is told first."""
    url = f"{site.ws(worker)}{path}" + (f"?token={token}" if token else "")
    headers = {"X-Forwarded-For": address or somewhere()}
    async with connect(url, open_timeout=DEADLINE, max_queue=None, additional_headers=headers) as connection:
        yield Socket(connection)


async def turned_away(socket: Socket) -> dict:
    """The error that it is told before it is closed."""
    frame = await socket.frame()
    assert (frame["type"], frame["error"]["code"]) == ("error", "rate_limited"), frame
    assert frame["error"]["retry_after"] > 0
    assert await socket.closed() == 4429
    return frame["error"]


@pytest.mark.parametrize("door", ["/ws/", "/ws/rooms/{room}/"])
async def test_handshakes_from_one_address(site, door):
    person = await newcomer(site)
    path = door.format(room=await person.room())
    address = somewhere()
    for number in range(HANDSHAKES):
        # Most bring nothing good: they count as well.
        token = person.token if number % 10 == 0 else "rwa_nonsense"
        async with opened(site, token=token, path=path, address=address, worker=number) as socket:
            if token == person.token:
                assert (await socket.frame())["type"] == "welcome"
            else:
                assert await socket.closed() == 4401
    for worker in range(2):
        async with opened(site, token=person.token, path=path, address=address, worker=worker) as socket:
            error = await turned_away(socket)
            assert 0 < error["retry_after"] <= math.ceil(108_000 / HANDSHAKES)
    async with opened(site, token=person.token, path=path) as socket:
        assert (await socket.frame())["type"] == "welcome"


async def test_a_ticket_is_not_spent_by_a_handshake_too_many(site):
    person, address = await newcomer(site), somewhere()
    for _ in range(HANDSHAKES):
        async with opened(site, token="rwa_nonsense", address=address):
            pass
    ticket = (await person.call("POST", "auth/tickets/"))["ticket"]
    async with opened(site, token=ticket, address=address) as socket:
        await turned_away(socket)
    async with opened(site, token=ticket) as socket:
        assert (await socket.frame())["type"] == "welcome"


async def test_commands_too_many_are_refused_and_not_carried_out(site):
    person = await newcomer(site)
    room = await person.room()
    async with opened(site, token=person.token) as socket:
        await socket.frame()
        send = {"type": "message.send", "room": room}
        for number in range(AT_ONCE + 5):
            await socket.connection.send(json.dumps(send | {"id": number, "body": f"message {number}"}))
        replies = [await socket.wait_for(lambda frame: frame["type"] == "reply") for _ in range(AT_ONCE + 5)]
    answers = {reply["id"]: reply for reply in replies}
    assert [answers[number]["ok"] for number in range(AT_ONCE)] == [True] * AT_ONCE
    for number in range(AT_ONCE, AT_ONCE + 5):
        error = answers[number]["error"]
        assert (error["code"], 0 < error["retry_after"] <= 10) == ("rate_limited", True)
    results = (await person.call("GET", f"rooms/{room}/messages/?limit=200"))["results"]
    assert {message["body"] for message in results} == {f"message {number}" for number in range(AT_ONCE)}


async def test_who_waits_as_told_may_go_on(site):
    person = await newcomer(site)
    room = await person.room()
    async with opened(site, token=person.token) as socket:
        await socket.frame()
        for _ in range(AT_ONCE):
            await socket.command("room.subscribe", room=room)
        with pytest.raises(Refused) as refusal:
            await socket.command("room.subscribe", room=room)
        assert refusal.value.code == "rate_limited"
        await asyncio.sleep(refusal.value.body["retry_after"])
        await socket.command("room.subscribe", room=room)


async def test_who_goes_on_and_on_is_closed(site):
    person = await newcomer(site)
    async with opened(site, token=person.token) as socket:
        await socket.frame()
        with suppress(ConnectionClosed):
            for _ in range(1_000):
                await socket.connection.send('{"type":"ping","id":1}')
        assert await socket.closed() == 4429
    async with opened(site, token=person.token) as socket:
        assert (await socket.frame())["type"] == "welcome"


async def test_pings_count_as_commands(site):
    person = await newcomer(site)
    async with opened(site, token=person.token) as socket:
        await socket.frame()
        for _ in range(AT_ONCE + 1):
            await socket.connection.send('{"type":"ping"}')
        frames = [await socket.frame() for _ in range(AT_ONCE + 1)]
    assert [frame["type"] for frame in frames] == ["pong"] * AT_ONCE + ["error"]
    assert frames[-1]["error"]["code"] == "rate_limited"


@pytest.mark.parametrize("door", ["/ws/", "/ws/rooms/{room}/"])
@pytest.mark.parametrize("way", ["token", "first message"])
async def test_connections_of_one_user(site, door, way):
    person, other = await newcomer(site), await newcomer(site)
    path = door.format(room=await person.room(kind="public"))

    @asynccontextmanager
    async def another(person: Person):
        token = person.token if way == "token" else ""
        async with opened(site, token=token, path=path) as socket:
            if not token:
                await socket.connection.send(json.dumps({"type": "authenticate", "token": person.token}))
            yield socket

    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(another(person)) for _ in range(CONNECTIONS)]
        for socket in sockets:
            assert (await socket.frame())["type"] == "welcome"
        async with another(person) as socket:
            await turned_away(socket)
        async with another(other) as socket:
            assert (await socket.frame())["type"] == "welcome"
        await sockets[0].connection.close()
        async with another(person) as socket:
            assert (await socket.frame())["type"] == "welcome"
            async with another(person) as too_many:
                await turned_away(too_many)
        for socket in sockets[1:]:
            await socket.connection.ping()
