"""docs/protocol.md is true: its client frames are commands, its server frames have the shape of live ones."""

import json
import re
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from realtime.protocol import frames as protocol
from tests.client import PASSWORD

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()


ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def blocks(side: str) -> list[dict]:
    found = re.findall(rf"<!-- {side} -->\n```json\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return [json.loads(block) for block in found]


def shape(value):
    """Names and kinds, without values; free-form `data` of the app and null stay open. Ids as names are counted."""
    if isinstance(value, dict):
        named = [(name, inner) for name, inner in value.items() if name not in ("mood", "retry_after")]
        return {number if ID.fullmatch(name) else name: shape(inner) for number, (name, inner) in enumerate(named)}
    return type(value).__name__


def test_every_json_block_is_json():
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL):
        json.loads(block)


def test_what_clients_send_is_understood():
    for block in blocks("client"):
        command = protocol.decode(json.dumps(block))
        assert set(block) - {"type"} <= set(command.__struct_fields__)


# What no conversation of moments shows.
RARE = {frame.__struct_config__.tag: frame for frame in (protocol.Resync, protocol.Goodbye, protocol.TokenExpiring)}


@pytest.mark.parametrize("tag", RARE)
def test_what_no_conversation_shows_is_the_server_s_too(tag):
    documented = re.search(rf'```json\n(\{{"type": "{tag}".*?)```', TEXT, re.DOTALL)
    assert documented
    assert set(json.loads(documented[1])) == {"type", *RARE[tag].__struct_fields__}


async def test_what_the_server_sends_looks_like_that(site):
    alice, bob, carol = await site.person("alice"), await site.person("bob"), await site.newcomer("carol")
    room = await alice.room()
    async with alice.socket() as hers, bob.socket() as his:
        shapes = [shape(frame) for frame in await conversation(hers, his, alice, bob, carol, room)]
    for block in blocks("server"):
        assert block["type"] in RARE or shape(block) in shapes, block


async def conversation(hers, his, alice, bob, carol, room) -> list[dict]:
    """One frame of each documented kind, at least."""
    frames: list[dict] = []

    async def recorded(socket, text: str, count: int) -> None:
        await socket.connection.send(text)
        frames.extend([await socket.frame() for _ in range(count)])

    await hers.connection.send("nonsense")
    frames.append(await hers.frame())
    subscribe = {"type": "room.subscribe", "id": 1, "room": room, "since": 0}
    await recorded(his, json.dumps(subscribe), 1)
    await recorded(hers, json.dumps(subscribe), 1)
    send = {"type": "message.send", "id": 2, "room": room, "body": "x", "client_ref": "1", "data": {"mood": "calm"}}
    await recorded(hers, json.dumps(send), 2)
    await alice.call("POST", f"rooms/{room}/members/", {"user": bob.id})
    frames.append(await hers.event())
    await his.connection.send(json.dumps(subscribe | {"since": 2, "presence": True}))
    await his.connection.send(json.dumps({"type": "presence.list", "id": 3, "room": room}))
    frames.extend([await his.wait_for(lambda frame: frame["type"] == "reply") for _ in range(2)])
    many = {room: {}, "01890000-0000-7000-8000-000000000000": {}}
    await his.connection.send(json.dumps({"type": "room.subscribe", "id": 4, "rooms": many}))
    frames.append(await his.wait_for(lambda frame: frame["type"] == "reply"))
    await alice.call("DELETE", f"rooms/{room}/members/{bob.id}/")
    frames.extend([await hers.event(), await his.event()])
    frames.append(await his.wait_for(lambda frame: frame["type"] == "room.removed"))
    await alice.call("POST", f"rooms/{room}/members/", {"user": carol.id})
    await carol.call("POST", "users/me/erase/", {"password": PASSWORD})
    frames.extend(await hers.events(3))
    frames.append(await _welcome(alice))
    return frames


async def _welcome(person) -> dict:
    async with connect(f"{person.site.ws()}/ws/?token={person.token}") as connection:
        return json.loads(await connection.recv())
