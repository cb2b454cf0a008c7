"""The grammar of frames: bytes in, a command or a refusal out, and nothing else whatever comes."""

import json
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors
from realtime.protocol import frames
from realtime.protocol.frames import (
    Authenticate,
    CustomSend,
    MessageDelete,
    MessageEdit,
    MessageSend,
    Ping,
    Position,
    PresenceList,
    ReactionAdd,
    ReactionRemove,
    Rejected,
    RoomRead,
    RoomSubscribe,
    RoomUnsubscribe,
    TypingStart,
    TypingStop,
)

ROOM = UUID("0190a3b2-0000-7000-8000-000000000001")
EPOCH = UUID("0190a3b2-0000-4000-8000-000000000002")


def frame(type: str, **fields) -> str:
    return json.dumps({"type": type, **fields}, default=str)


COMMANDS = [
    (frame("ping"), Ping()),
    (frame("ping", id=1), Ping(id=1)),
    (frame("ping", id="a"), Ping(id="a")),
    (frame("ping", id=1.5), Ping(id=1.5)),
    (frame("ping", id=None), Ping()),
    (frame("ping", id=2**70), Ping(id=2**70)),
    (frame("ping", unknown="field"), Ping()),
    (' { "id" : 1 , "type" : "ping" } ', Ping(id=1)),
    (frame("authenticate", token="rwt_x"), Authenticate(token="rwt_x")),
    (frame("room.subscribe"), RoomSubscribe()),
    (frame("room.subscribe", room=ROOM), RoomSubscribe(room=ROOM)),
    (frame("room.subscribe", room=ROOM.hex.upper()), RoomSubscribe(room=ROOM)),
    (frame("room.subscribe", room=ROOM, since=0, epoch=EPOCH), RoomSubscribe(room=ROOM, since=0, epoch=EPOCH)),
    (frame("room.subscribe", rooms={str(ROOM): {}}), RoomSubscribe(rooms={ROOM: Position()})),
    (
        frame("room.subscribe", rooms={str(ROOM): {"since": 7, "epoch": EPOCH}}),
        RoomSubscribe(rooms={ROOM: Position(7, EPOCH)}),
    ),
    (frame("room.subscribe", rooms="all", presence=True), RoomSubscribe(rooms="all", presence=True)),
    (
        frame("room.subscribe", rooms="all", positions={str(ROOM): {"since": 7}}),
        RoomSubscribe(rooms="all", positions={ROOM: Position(7)}),
    ),
    (frame("room.unsubscribe", room=ROOM, id=0), RoomUnsubscribe(room=ROOM, id=0)),
    (frame("room.read", room=ROOM, seq=0), RoomRead(room=ROOM, seq=0)),
    (frame("message.send", room=ROOM, body=" "), MessageSend(room=ROOM, body=" ")),
    (
        frame("message.send", room=ROOM, body="x", client_ref=None, reply_to=None, data=None),
        MessageSend(room=ROOM, body="x"),
    ),
    (
        frame("room.subscribe", room=None, since=None, epoch=None, rooms=None, positions=None, presence=None),
        RoomSubscribe(),
    ),
    (frame("custom.send", room=ROOM, name="x", data=None, id=None), CustomSend(room=ROOM, name="x")),
    (
        frame("message.send", room=ROOM, body="é\n\0", client_ref="1", reply_to=EPOCH, data={"a": [1, None]}),
        MessageSend(room=ROOM, body="é\n\0", client_ref="1", reply_to=EPOCH, data={"a": [1, None]}),
    ),
    (frame("message.edit", room=ROOM, message=EPOCH, body="x"), MessageEdit(room=ROOM, message=EPOCH, body="x")),
    (
        frame("message.edit", room=ROOM, message=EPOCH, body="x", data=None),
        MessageEdit(room=ROOM, message=EPOCH, body="x", data=None),
    ),
    (frame("message.delete", room=ROOM, message=EPOCH), MessageDelete(room=ROOM, message=EPOCH)),
    (
        frame("reaction.add", room=ROOM, message=EPOCH, emoji="👍🏽"),
        ReactionAdd(room=ROOM, message=EPOCH, emoji="👍🏽"),
    ),
    (
        frame("reaction.remove", room=ROOM, message=EPOCH, emoji="x"),
        ReactionRemove(room=ROOM, message=EPOCH, emoji="x"),
    ),
    (frame("custom.send", room=ROOM, name="x"), CustomSend(room=ROOM, name="x")),
    (frame("custom.send", room=ROOM, name="X", data={"a": [1]}), CustomSend(room=ROOM, name="X", data={"a": [1]})),
    (frame("typing.start", room=ROOM), TypingStart(room=ROOM)),
    (frame("typing.stop", room=ROOM), TypingStop(room=ROOM)),
    (frame("presence.list", room=ROOM), PresenceList(room=ROOM)),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_a_frame_is_a_command(text, command):
    assert frames.decode(text) == command


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "null", "1", '"ping"', "[]", "{}", "{", '{"type":"ping"', '{"type":"ping"}x', "\ufeff{}"),
        *('{"type":1}', '{"type":null}', '{"id":1}', "{'type':'ping'}", '{"type":"ping",}', '{"type":"ping","id":NaN}'),
        *('{"type":"ping","id":[1]}', '{"type":"ping","id":{}}', '{"type":"ping","id":true}'),
        *('{"type":"\\ud800"}', '{"type":"ping","id":"\\ud800"}', "[" * 65_536, '{"type":' * 10_000, "\ud800"),
        frame("message.send", room=ROOM, body="\ud800"),
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_what_is_no_command_at_all_is_malformed(text):
    rejected = rejection(text)
    assert (rejected.error.code, rejected.no_command, rejected.command_id) == ("malformed", True, None)


@pytest.mark.parametrize("type", ["", "Ping", "ping ", "room", "message.created", "x" * 60_000])
def test_a_type_we_do_not_know_is_an_unknown_command(type):
    rejected = rejection(frame(type, id=7))
    assert (rejected.error.code, rejected.no_command, rejected.command_id) == ("unknown_command", False, 7)
    assert len(rejected.error.detail) < 100


SUBSCRIBE, SEND = {"type": "room.subscribe", "room": ROOM}, {"type": "message.send", "room": ROOM}
POSITION = f"rooms/{ROOM}"
# A command, and what is wrong with it: the field, the code, and words of the detail.
INVALID = [
    ({"type": "authenticate"}, "token", "required", "required"),
    ({"type": "authenticate", "token": None}, "token", "required", "must not be null"),
    ({"type": "authenticate", "token": 1}, "token", "invalid", "Expected `str`, got `int`"),
    ({"type": "room.unsubscribe"}, "room", "required", "required"),
    ({"type": "room.subscribe", "room": "x"}, "room", "invalid", "Invalid UUID"),
    ({"type": "room.subscribe", "room": ROOM.int}, "room", "invalid", "Expected `uuid`"),
    ({"type": "room.subscribe", "room": ROOM.urn}, "room", "invalid", "Invalid UUID"),
    ({"type": "room.subscribe", "room": f"{{{ROOM}}}"}, "room", "invalid", "Invalid UUID"),
    (SUBSCRIBE | {"since": -1}, "since", "out_of_range", "Must be at least 0."),
    (SUBSCRIBE | {"since": "1"}, "since", "invalid", "Expected `int`, got `str`"),
    (SUBSCRIBE | {"since": 1.5}, "since", "invalid", "Expected `int`"),
    (SUBSCRIBE | {"since": 1.0}, "since", "invalid", "Expected `int`"),
    (SUBSCRIBE | {"since": True}, "since", "invalid", "Expected `int`"),
    (SUBSCRIBE | {"epoch": "x"}, "epoch", "invalid", "Invalid UUID"),
    ({"type": "room.subscribe", "rooms": []}, "rooms", "invalid", "Expected `str | object`"),
    ({"type": "room.subscribe", "rooms": "mine"}, "rooms", "invalid", "Invalid enum value"),
    ({"type": "room.subscribe", "positions": []}, "positions", "invalid", "Expected `object`"),
    *((SUBSCRIBE | {"presence": value}, "presence", "invalid", "Expected `bool`") for value in (0, 1, "yes", "true")),
    ({"type": "room.subscribe", "rooms": {str(ROOM): 3}}, POSITION, "invalid", "Expected `object`"),
    ({"type": "room.subscribe", "rooms": {str(ROOM): {"since": -1}}}, f"{POSITION}/since", "out_of_range", "least 0"),
    ({"type": "room.subscribe", "rooms": {"x": {}}}, "rooms/x", "invalid", "Invalid UUID"),
    ({"type": "room.read", "room": ROOM, "seq": -1}, "seq", "out_of_range", "Must be at least 0."),
    ({"type": "room.read", "room": ROOM, "seq": True}, "seq", "invalid", "Expected `int`"),
    (SEND, "body", "required", "required"),
    (SEND | {"body": None}, "body", "required", "null"),
    (SEND | {"body": 5}, "body", "invalid", "Expected `str`"),
    (SEND | {"body": ["x"]}, "body", "invalid", "Expected `str`"),
    (SEND | {"body": ""}, "body", "blank", "blank"),
    (SEND | {"body": "x" * 4_001}, "body", "too_long", "Must have at most 4000 characters."),
    (SEND | {"body": "x", "client_ref": "x" * 101}, "client_ref", "too_long", "Must have at most 100 characters."),
    (SEND | {"body": "x", "reply_to": 1}, "reply_to", "invalid", "Expected `uuid"),
    *((SEND | {"body": "x", "data": data}, "data", "invalid", "Expected `object`") for data in ([], "x", 5, False)),
    ({"type": "message.edit", "room": ROOM, "message": ROOM}, "body", "required", "required"),
    ({"type": "message.delete", "room": ROOM, "message": None}, "message", "required", "null"),
    ({"type": "reaction.add", "room": ROOM, "message": ROOM, "emoji": 1}, "emoji", "invalid", "Expected `str`"),
    ({"type": "custom.send", "room": ROOM}, "name", "required", "required"),
    ({"type": "typing.start"}, "room", "required", "required"),
]


@pytest.mark.parametrize(("fields", "where", "code", "what"), INVALID)
def test_a_command_with_a_wrong_field_names_it(fields, where, code, what):
    rejected = rejection(frame(**fields, id="mine"))
    assert (rejected.error.code, rejected.no_command, rejected.command_id) == ("invalid", False, "mine")
    (violation,) = rejected.error.violations
    assert (violation.field, violation.code) == (where, code)
    assert what in violation.detail


def test_every_wrong_field_is_named_up_to_a_bound():
    rejected = rejection(frame("message.send", body=1, reply_to="x", data=[]))
    assert [each.field for each in rejected.error.violations] == ["room", "body", "reply_to", "data"]
    many = rejection(frame("room.subscribe", rooms={str(number): {} for number in range(1_000)}))
    assert len(many.error.violations) == 20


def test_every_command_is_in_the_table_above():
    names = {type(command) for _, command in COMMANDS}
    assert names == set(frames.Command.__args__)


def rejection(text: str) -> Rejected:
    with pytest.raises(Rejected) as caught:
        frames.decode(text)
    return caught.value


# Whatever comes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text(st.characters()), part, max_size=4),
    max_leaves=10,
)
NAMES = st.sampled_from(sorted({json.loads(text)["type"] for text, _ in COMMANDS}))
FIELDS = st.sampled_from(sorted({field for text, _ in COMMANDS for field in json.loads(text)}))
VALUES = JSON | st.just(str(ROOM)) | st.integers(-1, 3)
ALMOST = st.builds(lambda name, fields: {"type": name, **fields}, NAMES | JSON, st.dictionaries(FIELDS, VALUES))


def answered(text: str) -> None:
    """Decoded or rejected; and either can be answered in JSON."""
    try:
        command = frames.decode(text)
    except Rejected as rejected:
        refusal = json.loads(frames.refusal(rejected.command_id, rejected.error))
        code = refusal["error"]["code"]
    else:
        code = json.loads(frames.reply(command.id, None))["type"]
    assert code in ("malformed", "unknown_command", "invalid", "reply")


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_is_a_command_or_rejected(text):
    answered(text)


@given(ALMOST, st.booleans())
def test_anything_like_a_command_is_one_or_rejected(value, escaped):
    answered(json.dumps(value, ensure_ascii=escaped))


@given(st.sampled_from([text for text, _ in COMMANDS]), st.data())
def test_a_command_with_a_wound_is_one_or_rejected(text, data):
    at = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 5))
    answered(text[:at] + data.draw(st.text(max_size=3)) + text[at + length :])


# What goes out


def test_a_refusal_goes_to_the_command_that_has_an_id():
    error = errors.Unavailable()
    body = {"code": "unavailable", "message": error.detail, "retry_after": 1.0}
    assert json.loads(frames.refusal(3, error)) == {"type": "reply", "id": 3, "ok": False, "error": body}
    assert json.loads(frames.refusal("", error))["id"] == ""
    assert json.loads(frames.refusal(0, error))["id"] == 0
    assert json.loads(frames.refusal(None, error)) == {"type": "error", "error": body}


def test_an_error_without_a_wait_says_nothing_of_one():
    assert "retry_after" not in json.loads(frames.refusal(1, errors.Malformed()))["error"]


def test_a_reply_carries_the_id_as_it_came():
    for command_id in ("a", 1, 1.5, 0, "", 2**70):
        assert json.loads(frames.reply(command_id, {"x": 1})) == {
            "type": "reply",
            "id": command_id,
            "ok": True,
            "data": {"x": 1},
        }


def test_from_is_called_from():
    said = json.loads(frames.encode(frames.Subscribed(ROOM, EPOCH, head=9, from_=4, recovered=True)))
    assert said == {"room": str(ROOM), "epoch": str(EPOCH), "head": 9, "from": 4, "recovered": True}


def test_the_pong_is_a_frame():
    assert msgspec.json.decode(frames.PONG) == {"type": "pong"}


# Positions in addresses


def test_a_position_in_an_address():
    assert frames.position({}) == Position()
    assert frames.position({"since": "40", "epoch": str(EPOCH), "token": "x"}) == Position(40, EPOCH)


@pytest.mark.parametrize("query", [{"since": "x"}, {"since": "-1"}, {"since": "²"}, {"since": ""}, {"epoch": "x"}])
def test_a_position_that_is_none_is_invalid(query):
    with pytest.raises(errors.Invalid) as caught:
        frames.position(query)
    assert caught.value.violations[0].field == next(iter(query))
