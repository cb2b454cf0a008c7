"""The AsyncAPI document of the socket: every frame there is, its schema made from the struct that reads or writes it.

What is what in AsyncAPI: a *channel* is an address, a *message* a frame, an *operation* what this server does with it:
`receive` a command (and what it replies), or `send`.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import get_args

import msgspec

from chat import schemas, wire
from chat.eventlog import event_types
from chat.schemas import Json
from realtime.protocol import frames as protocol
from realtime.protocol.replies import ONE_OF_MANY, REPLIES

COMMANDS: dict[str, type[protocol.Command]] = {
    str(command.__struct_config__.tag): command for command in get_args(protocol.Command)
}
# What the server says of itself or of a subscription. Each says its `type` itself.
SYSTEM: dict[str, type[msgspec.Struct]] = {
    str(frame.__struct_config__.tag): frame
    for frame in (
        protocol.Welcome,
        protocol.Error,
        protocol.Resync,
        wire.RoomRemoved,
        protocol.TokenExpiring,
        protocol.Goodbye,
    )
}
# Those whose struct says their `type`; of the others, many share one.
_OWN_TYPE: dict[str, type[msgspec.Struct]] = {**COMMANDS, **SYSTEM}
PONG, REFUSED, CUSTOM = "pong", "refused", "custom"

_TITLE = "Roomwire"
_ABOUT = """One socket carries many rooms. Frames are text, one JSON object each. docs/protocol.md describes how a
client authenticates, subscribes, recovers and reconnects, and lists the errors and the close codes. Times are RFC 3339
in UTC, always with six digits of a second's fraction and `Z`. In an optional field of a command null is the same as
leaving it out. Ignore fields and frame types that are not described here."""
# The ids of the channels: not the name of a schema, or generators write two models into one file.
_SOCKET, _ROOM = "frames", "roomFrames"
_CREDENTIALS = """A header, a subprotocol, a session's cookie or `authenticate` as the first frame can replace it.
An access token is accepted here only where REALTIME_QUERY_ACCESS_TOKENS is on, because URLs are logged."""


def document() -> Json:
    """The same for the same code."""
    replies = {tag: _reply_name(tag) for tag, command in COMMANDS.items() if REPLIES[command]}
    sent = [*event_types.EVENTS, *event_types.PASSING, *SYSTEM, PONG, *replies.values(), REFUSED]
    return {
        "asyncapi": "3.0.0",
        "info": {"title": _TITLE, "version": "1", "description": _said(_ABOUT)},
        "defaultContentType": "application/json",
        "channels": _channels([*COMMANDS, *sent]),
        "operations": _operations(replies, sent),
        "components": {
            "messages": _messages(replies),
            "schemas": _schemas(replies),
            "correlationIds": {"id": {"description": "A reply has its command's.", "location": "$message.payload#/id"}},
        },
    }


# Addresses, and what goes over them


def _channels(frames: Iterable[str]) -> Json:
    messages = {name: _reference("messages", name) for name in frames}
    token = {"token": {"type": "string", "description": _said(f"A ticket. {_CREDENTIALS}")}}
    position = _schema(protocol.Position)["properties"]
    room = {"description": "The id of a room.", "location": "$message.payload#/room"}
    return {
        _SOCKET: {
            "address": "/ws/",
            "title": "One socket for many rooms",
            "messages": messages,
            "bindings": _query(token),
        },
        _ROOM: {
            "address": "/ws/rooms/{room}/",
            "title": "The same socket, subscribed to a room from the start",
            "description": 'The reply is that to a `room.subscribe` with the id "url".',
            "messages": messages,
            "parameters": {"room": room},
            "bindings": _query(token | position),
        },
    }


def _query(properties: Json) -> Json:
    return {"ws": {"method": "GET", "query": {"type": "object", "properties": properties}}}


def _operations(replies: Mapping[str, str], sent: Iterable[str]) -> Json:
    """Those of the second address are those of the first."""
    receive = {tag: _receive(tag, [replies[tag], REFUSED] if tag in replies else [PONG]) for tag in COMMANDS}
    return receive | {
        "events": _send(_SOCKET, "The durable events of rooms, in order, each with its `seq`", event_types.EVENTS),
        "passing": _send(_SOCKET, "Ephemeral events: true only now, and may be lost", event_types.PASSING),
        "system": _send(_SOCKET, "The connection and its subscriptions", SYSTEM),
        "room.commands": {"action": "receive"} | _over(_ROOM, "All commands", COMMANDS),
        "room.frames": _send(_ROOM, "All frames that the server sends", sent),
    }


def _receive(tag: str, answers: Iterable[str]) -> Json:
    reply = {"channel": _channel(_SOCKET), "messages": [_at(_SOCKET, name) for name in answers]}
    return {"action": "receive"} | _over(_SOCKET, tag, [tag]) | {"reply": reply}


def _send(channel: str, title: str, frames: Iterable[str]) -> Json:
    return {"action": "send"} | _over(channel, title, frames)


def _over(channel: str, title: str, frames: Iterable[str]) -> Json:
    return {"channel": _channel(channel), "title": title, "messages": [_at(channel, name) for name in frames]}


# Frames


def _messages(replies: Mapping[str, str]) -> Json:
    described = _OWN_TYPE | event_types.EVENTS | event_types.PASSING
    found = {name: _message(name, _schema_name(name), struct) for name, struct in described.items()}
    found |= {name: _message(name, _schema_name(name)) for name in [PONG, *replies.values()]}
    found[REFUSED] = _message(REFUSED, protocol.Refusal.__name__, protocol.Refusal)
    for name in [*COMMANDS, *replies.values(), REFUSED]:
        found[name]["correlationId"] = _reference("correlationIds", "id")
    return found


def _message(name: str, schema: str, struct: type[msgspec.Struct] | None = None) -> Json:
    about = {"description": _said(struct.__doc__)} if struct and struct.__doc__ else {}
    title = "custom.<name>" if name == CUSTOM else name
    return {"name": name, "title": title, **about, "payload": _reference("schemas", schema)}


def _reply_name(tag: str) -> str:
    return f"{tag}.reply"


# Schemas


def _schemas(replies: Mapping[str, str]) -> Json:
    """Of the frames first, then of what they are made of, each by the name of its struct."""
    frames = {_schema_name(name): _schema(struct) for name, struct in _OWN_TYPE.items()}
    frames |= {_schema_name(name): _event(wire.Event, name, data) for name, data in event_types.EVENTS.items()}
    frames |= {_schema_name(name): _event(wire.Passing, name, data) for name, data in event_types.PASSING.items()}
    frames |= {_schema_name(name): _reply(*REPLIES[COMMANDS[tag]]) for tag, name in replies.items()}
    frames[protocol.Refusal.__name__] = _with(_schema(protocol.Refusal), ok={"type": "boolean", "const": False})
    frames[_schema_name(PONG)] = {
        "type": "object",
        "properties": {"type": {"type": "string", "const": PONG}},
        "required": ["type"],
    }
    said = [struct for structs in REPLIES.values() for struct in structs]
    structs: list[type[msgspec.Struct]] = [*_OWN_TYPE.values(), *said, *ONE_OF_MANY]
    structs += [*event_types.EVENTS.values(), *event_types.PASSING.values()]
    parts = schemas.components(structs) | schemas.enumerations()
    return frames | {name: part for name, part in sorted(parts.items()) if name not in frames}


def _event(frame: type[msgspec.Struct], name: str, data: type[msgspec.Struct]) -> Json:
    """Return the schema of a frame of this type, with this struct in its `data`."""
    named: Json = {"pattern": r"^custom\."} if name == CUSTOM else {"const": name}
    return _with(_schema(frame), type={"type": "string"} | named, data=_reference("schemas", data.__name__))


def _reply(*data: type[msgspec.Struct]) -> Json:
    references = [_reference("schemas", struct.__name__) for struct in data]
    said = references[0] if len(references) == 1 else {"oneOf": references}
    return _with(_schema(protocol.Reply), ok={"type": "boolean", "const": True}, data=said)


def _with(schema: Json, **properties: Json) -> Json:
    return schema | {"properties": schema["properties"] | properties}


def _schema(struct: type[msgspec.Struct]) -> Json:
    return schemas.components([struct])[struct.__name__]


def _schema_name(frame: str) -> str:
    """`room.resync` is Resync, of the struct; `message.created`, which is of no one struct, is MessageCreated."""
    struct = _OWN_TYPE.get(frame)
    if struct is not None:
        return struct.__name__
    return "CustomEvent" if frame == CUSTOM else "".join(word.capitalize() for word in frame.split("."))


def _said(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split())


# References


def _reference(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


def _channel(name: str) -> Json:
    return {"$ref": f"#/channels/{name}"}


def _at(channel: str, frame: str) -> Json:
    return {"$ref": f"#/channels/{channel}/messages/{frame}"}
