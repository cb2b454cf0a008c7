"""Every close of a live socket says why in plain words, under any server."""

import json

import pytest
from websockets.asyncio.client import connect

from realtime.protocol.close_codes import Close
from tests.client import DEADLINE, Person, Site, Socket


async def revoked(person: Person, socket: Socket) -> None:
    await person.call("POST", "auth/logout/")


async def bad_frames(person: Person, socket: Socket) -> None:
    for _ in range(10):
        await socket.connection.send("nonsense")


async def binary(person: Person, socket: Socket) -> None:
    await socket.connection.send(b"x")


async def nothing(person: Person, socket: Socket) -> None:
    pass


ROOM = "/ws/rooms/01890000-0000-7000-8000-000000000000/"
WAYS = {
    "revoked": (revoked, "/ws/", Close.UNAUTHENTICATED),
    "bad frames": (bad_frames, "/ws/", Close.BAD_COMMANDS),
    "a binary frame": (binary, "/ws/", Close.UNSUPPORTED_DATA),
    "no such room": (nothing, ROOM, Close.NOT_FOUND),
    "no such address": (nothing, "/ws/nowhere/", Close.NOT_FOUND),
}


def reason(site: Site, close: Close) -> str:
    """Daphne, the one server that changes codes, sends no reasons."""
    return "" if site.closes else close.meaning


@pytest.mark.parametrize("way", WAYS)
async def test_the_reason_is_the_code_s_meaning(site, way):
    act, path, close = WAYS[way]
    person = await site.newcomer()
    async with connect(f"{site.ws()}{path}?token={person.token}", open_timeout=DEADLINE) as connection:
        socket = Socket(connection)
        await act(person, socket)
        assert await socket.closed() == site.closes.get(close, close)
    assert connection.close_reason == reason(site, close)


async def test_a_stranger_hears_why(site):
    async with connect(f"{site.ws()}/ws/", open_timeout=DEADLINE) as connection:
        await connection.send(json.dumps({"type": "authenticate", "token": "rwa_nonsense"}))
        assert await Socket(connection).closed() == Close.UNAUTHENTICATED
    assert connection.close_reason == reason(site, Close.UNAUTHENTICATED)


def test_every_reason_fits_a_close_frame():
    assert all(0 < len(close.meaning.encode()) <= 123 for close in Close)
