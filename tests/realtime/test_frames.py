"""Bad frames: a clear error, nothing lost, and the neighbours notice nothing."""

import json

import pytest

from tests.client import Refused

NOT_COMMANDS = {
    "empty": "",
    "not JSON": "{",
    "not an object": "[1]",
    "a number": "5",
    "no type": "{}",
    "a type that is no string": '{"type": 5}',
    "NaN": '{"type": "ping", "id": NaN}',
    "a lone surrogate": '{"type": "ping", "id": "\\ud800"}',
    "nested without end": '{"type": "ping", "x": ' + "[" * 60_000,
}


@pytest.mark.parametrize("frame", NOT_COMMANDS.values(), ids=NOT_COMMANDS.keys())
async def test_what_is_no_command_gets_an_error(site, frame):
    alice = await site.person("alice")
    async with alice.socket() as socket:
        await socket.connection.send(frame)
        error = await socket.frame()
        assert (error["type"], error["error"]["code"]) == ("error", "malformed")
        await socket.connection.send('{"type": "ping"}')
        assert await socket.frame() == {"type": "pong"}


async def test_an_unknown_command(site):
    alice = await site.person("alice")
    async with alice.socket() as socket:
        with pytest.raises(Refused, match="unknown_command"):
            await socket.command("room.explode")


ROOM = "01890000-0000-7000-8000-000000000000"
WRONG = [
    ("room.subscribe", {"room": 5}),
    ("room.subscribe", {"room": "nonsense"}),
    ("room.subscribe", {}),
    ("room.subscribe", {"room": ROOM, "since": -1}),
    ("room.subscribe", {"room": ROOM, "since": "3"}),
    ("room.subscribe", {"rooms": [ROOM]}),
    ("room.read", {"room": ROOM}),
    ("room.read", {"room": ROOM, "seq": 1.5}),
    ("message.send", {"room": ROOM}),
    ("message.send", {"room": ROOM, "body": ["x"]}),
    ("message.send", {"room": ROOM, "body": "x", "client_ref": 5}),
    ("message.send", {"room": ROOM, "body": "x", "reply_to": "y"}),
    ("authenticate", {}),
    ("room.subscribe", {"rooms": "some"}),
    ("room.subscribe", {"rooms": "ALL"}),
    ("room.subscribe", {"rooms": {"nonsense": {}}}),
    ("room.subscribe", {"rooms": {ROOM: {"since": -1}}}),
    ("room.subscribe", {"rooms": {ROOM: {"epoch": "now"}}}),
    ("room.subscribe", {"rooms": {ROOM: 5}}),
    ("room.subscribe", {"rooms": "all", "positions": {ROOM: 5}}),
    ("room.subscribe", {"rooms": "all", "positions": {ROOM: {"since": "5"}}}),
    ("room.subscribe", {"rooms": "all", "positions": {"nonsense": {"since": 5}}}),
    ("room.subscribe", {"rooms": "all", "positions": [ROOM]}),
    ("room.subscribe", {"rooms": "all", "positions": "all"}),
    ("room.subscribe", {"room": ROOM, "presence": "yes"}),
    ("room.unsubscribe", {}),
    ("room.read", {"room": ROOM, "seq": -1}),
    ("room.read", {"room": ROOM, "seq": None}),
    ("typing.start", {}),
    ("typing.start", {"room": [ROOM]}),
    ("typing.stop", {"room": None}),
    ("presence.list", {"room": "here"}),
    ("message.edit", {"room": ROOM, "message": ROOM}),
    ("message.edit", {"room": ROOM, "message": "nonsense", "body": "x"}),
    ("message.edit", {"room": ROOM, "message": ROOM, "body": None}),
    ("message.edit", {"room": ROOM, "message": ROOM, "body": " "}),
    ("message.edit", {"room": ROOM, "message": ROOM, "body": "x" * 4_001}),
    ("message.edit", {"room": ROOM, "message": ROOM, "body": "x", "data": {"a": [[[[]]]] * 6_000}}),
    ("message.delete", {"room": ROOM}),
    ("message.delete", {"message": ROOM}),
    ("reaction.add", {"room": ROOM, "message": ROOM}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": 5}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": ""}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": "x" * 10_000}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": "a b"}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": ".."}),
    ("reaction.add", {"room": ROOM, "message": ROOM, "emoji": "a"}),
    ("reaction.remove", {"room": ROOM, "message": ROOM, "emoji": "\0"}),
    ("custom.send", {"room": ROOM}),
    ("custom.send", {"room": ROOM, "name": 5}),
    ("custom.send", {"room": ROOM, "name": "Poll"}),
    ("custom.send", {"room": ROOM, "name": "poll\n"}),
    ("custom.send", {"room": ROOM, "name": "x" * 10_000}),
    ("custom.send", {"room": ROOM, "name": "poll", "data": {"a": 10**30}}),
    ("custom.send", {"room": ROOM, "name": "poll", "data": {"a": "x" * 17_000}}),
    ("custom.send", {"room": ROOM, "name": "poll", "data": {"\0": 1}}),
]


async def test_commands_with_wrong_fields(site):
    """On one connection, which thinks nothing of it."""
    alice = await site.person("alice")
    async with alice.socket() as socket:
        for command, fields in WRONG:
            with pytest.raises(Refused) as refused:
                await socket.command(command, **fields)
            assert refused.value.code == "invalid", (command, fields)
        await socket.connection.send('{"type": "ping"}')
        assert await socket.frame() == {"type": "pong"}


async def test_a_number_that_no_room_has(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        with pytest.raises(Refused, match="invalid"):
            await socket.command("room.read", room=room, seq=10**30)
        for number in (2**63, 10**30):
            reply = await socket.command("room.subscribe", room=room, since=number)
            assert (reply["recovered"], reply["from"]) == (False, 0)


async def test_unknown_fields_are_ignored(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        assert (await socket.command("room.subscribe", room=room, colour="red"))["head"] == 0


async def test_a_command_without_an_id_gets_no_reply(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        await socket.connection.send(json.dumps({"type": "room.subscribe", "room": room}))
        await socket.connection.send(json.dumps({"type": "message.send", "room": room, "body": "x"}))
        assert (await socket.frame())["type"] == "message.created"
        await socket.connection.send(json.dumps({"type": "room.subscribe", "room": ROOM}))
        assert await socket.frame() == {
            "type": "error",
            "error": {"code": "not_found", "message": "The resource does not exist, or you may not see it."},
        }


async def test_ten_frames_that_are_no_commands_close(site):
    alice = await site.person("alice")
    async with alice.socket() as socket:
        for _ in range(10):
            await socket.connection.send("nonsense")
        assert await socket.closed() == 4400


async def test_a_binary_frame_closes(site):
    alice = await site.person("alice")
    async with alice.socket() as socket:
        await socket.connection.send(b'{"type": "ping"}')
        assert await socket.closed() == site.closes.get(1003, 1003)


async def test_64_KiB_and_not_a_byte_more(site):  # noqa: N802
    alice = await site.person("alice")
    envelope = '{"type":"ping","x":""}'
    async with alice.socket() as socket:
        await socket.connection.send(envelope.replace('""', '"' + "x" * (65_536 - len(envelope)) + '"'))
        assert await socket.frame() == {"type": "pong"}
        await socket.connection.send(envelope.replace('""', '"' + "x" * (65_537 - len(envelope)) + '"'))
        assert await socket.closed() == site.closes.get(1009, 1009)


async def test_100_000_brackets_are_too_big_a_frame(site):
    alice = await site.person("alice")
    async with alice.socket() as socket:
        await socket.connection.send("[" * 100_000)
        assert await socket.closed() == site.closes.get(1009, 1009)


async def test_commands_are_carried_out_in_their_order(site):
    alice = await site.person("alice")
    room = await alice.room()
    async with alice.socket() as socket:
        for number in range(20):
            frame = {"type": "message.send", "id": number, "room": room, "body": str(number)}
            await socket.connection.send(json.dumps(frame))
        replies = [await socket.frame() for _ in range(20)]
    assert [(reply["id"], reply["data"]["seq"]) for reply in replies] == [(n, n + 1) for n in range(20)]


async def test_more_rooms_than_allowed(site):
    alice = await site.person("alice")
    rooms = {f"01890000-0000-7000-8000-{number:012d}": {} for number in range(501)}
    async with alice.socket() as socket:
        with pytest.raises(Refused, match="at most 500 rooms"):
            await socket.command("room.subscribe", rooms=rooms)
        assert (await socket.command("room.subscribe", rooms="all", positions=rooms))["more"]
