"""The frames of the WebSocket protocol, version 1: a grammar without I/O. docs/protocol.md describes it."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec

from chat import fields, wire
from chat.wire_types import ById, Moment
from core import decoding
from core.errors import Invalid, Malformed, RoomwireError, UnknownCommand

SUBPROTOCOL = "roomwire.v1"
# Offered beside it: a token, by clients that cannot set headers.
BEARER = "roomwire.bearer."

# Returned in the reply as it was sent.
CommandId = Annotated[str, msgspec.Meta(max_length=128)] | int | float | None


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    id: CommandId = None


class Authenticate(_Command, frozen=True, tag="authenticate"):
    token: str


class Ping(_Command, frozen=True, tag="ping"):
    pass


class Position(msgspec.Struct, frozen=True):
    """The last `seq` that the client has of a room, and its epoch; without `since`, the room's head."""

    since: fields.Seq | None = None
    epoch: UUID | None = None


class RoomSubscribe(_Command, frozen=True, tag="room.subscribe"):
    """Names one `room`, several `rooms`, or "all" rooms of the user, with `positions` for some of them. `presence`
    shows the user to the others in the room, and them to the user."""

    room: UUID | None = None
    since: fields.Seq | None = None
    epoch: UUID | None = None
    rooms: ById[Position] | Literal["all"] | None = None
    positions: ById[Position] | None = None
    presence: bool | None = None


class RoomUnsubscribe(_Command, frozen=True, tag="room.unsubscribe"):
    room: UUID


class RoomRead(_Command, frozen=True, tag="room.read"):
    room: UUID
    seq: fields.Seq


class TypingStart(_Command, frozen=True, tag="typing.start"):
    room: UUID


class TypingStop(_Command, frozen=True, tag="typing.stop"):
    room: UUID


class PresenceList(_Command, frozen=True, tag="presence.list"):
    room: UUID


class MessageSend(_Command, frozen=True, tag="message.send"):
    room: UUID
    body: fields.Body
    client_ref: fields.ClientRef | None = None
    reply_to: fields.ReplyTo | None = None
    data: fields.Data | None = None


class MessageEdit(_Command, frozen=True, tag="message.edit"):
    """`data` that is left out, or null, is kept; an empty object clears it."""

    room: UUID
    message: UUID
    body: fields.Body
    data: fields.Data | None = None


class MessageDelete(_Command, frozen=True, tag="message.delete"):
    room: UUID
    message: UUID


class ReactionAdd(_Command, frozen=True, tag="reaction.add"):
    room: UUID
    message: UUID
    emoji: fields.Emoji


class ReactionRemove(_Command, frozen=True, tag="reaction.remove"):
    room: UUID
    message: UUID
    emoji: fields.Emoji


class CustomSend(_Command, frozen=True, tag="custom.send"):
    """Sends a custom event of the type `custom.<name>`."""

    room: UUID
    name: fields.CustomName
    data: fields.CustomData = None


Command = (
    Authenticate
    | Ping
    | RoomSubscribe
    | RoomUnsubscribe
    | RoomRead
    | TypingStart
    | TypingStop
    | PresenceList
    | MessageSend
    | MessageEdit
    | MessageDelete
    | ReactionAdd
    | ReactionRemove
    | CustomSend
)

_WHOLE = re.compile("[0-9]{1,18}")
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_known: dict[Any, type[Command]] = {command.__struct_config__.tag: command for command in get_args(Command)}


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    id: CommandId = None


_envelope = msgspec.json.Decoder(_Envelope)


def answered(offered: Sequence[str] | None) -> str | None:
    """Return the subprotocol of the response. A browser that offered one and gets none hides even the close code from
    its page."""
    return SUBPROTOCOL if offered and SUBPROTOCOL in offered else None


class Rejected(Exception):
    """Raised for a frame that is no known command. It holds the answer."""

    def __init__(self, error: RoomwireError, command_id: CommandId = None) -> None:
        super().__init__(error.detail)
        self.error = error
        self.command_id = command_id

    @property
    def no_command(self) -> bool:
        """Whether the frame is no command at all, rather than an unknown or invalid one."""
        return isinstance(self.error, Malformed)


def decode(text: str) -> Command:
    """Return the command in a frame. Raises Rejected with Malformed, UnknownCommand, or Invalid naming the field."""
    try:
        return _decoder.decode(text)
    except _UNREADABLE as error:
        raise _rejection(text) from error


def _rejection(text: str) -> Rejected:
    try:
        envelope, frame = _envelope.decode(text), msgspec.json.decode(text)
    except _UNREADABLE:
        return Rejected(Malformed())
    if envelope.type not in _known:
        return Rejected(UnknownCommand(f"There is no command {envelope.type[:64]!r}."), envelope.id)
    return Rejected(Invalid(*decoding.violations(_known[envelope.type], frame)), envelope.id)


def position(query: Mapping[str, str]) -> Position:
    """Return the position in an address, `?since=40&epoch=…`. Raises Invalid."""
    since: Any = query.get("since")
    if since is not None and _WHOLE.fullmatch(since):
        since = int(since)
    return decoding.decode(Position, {"since": since, "epoch": query.get("epoch")})


class Subscribed(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """The events that follow begin after `from`; `recovered` is false if that is not the requested position. `presence`
    is there if it was requested, and the events that follow continue from it; a long one of many is left out, and comes
    next as `presence.counted`."""

    room: UUID
    epoch: UUID
    head: int
    from_: int
    recovered: bool
    presence: wire.Presence | msgspec.UnsetType = msgspec.UNSET


class Limits(msgspec.Struct, frozen=True):
    frame_bytes: int
    body_characters: int
    data_bytes: int
    rooms_per_connection: int
    connections_per_user: int
    commands_per_second: int
    commands_at_once: int


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """The first frame. `heartbeat` is the number of seconds between the server's pings."""

    connection: str
    user: wire.User
    heartbeat: int
    limits: Limits
    server_time: Moment


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str
    message: str
    retry_after: float | None = None


class Reply(msgspec.Struct, frozen=True, tag_field="type", tag="reply"):
    id: CommandId
    ok: bool
    data: Any


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="reply"):
    id: CommandId
    ok: bool
    error: ErrorBody


class Error(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    error: ErrorBody


class Resync(msgspec.Struct, frozen=True, tag_field="type", tag="room.resync"):
    """The log cannot continue from the subscription's position. It continues from `head`: fetch the room again."""

    room: UUID
    epoch: UUID
    head: int
    reason: str


class TokenExpiring(msgspec.Struct, frozen=True, tag_field="type", tag="token.expiring"):
    """The connection closes at `expires_at`, unless `authenticate` brings a newer token before."""

    expires_at: Moment


class Goodbye(msgspec.Struct, frozen=True, tag_field="type", tag="goodbye"):
    """The server process is stopping: reconnect after `reconnect_after_ms`. It closes with 1012 at about that time."""

    reason: str
    reconnect_after_ms: int


PONG = '{"type":"pong"}'


def encode(frame: msgspec.Struct) -> str:
    return wire.encode(frame).decode()


def reply(command_id: CommandId, data: Any) -> str:
    frame = wire.encode(Reply(command_id, True, data))
    assert len(frame) <= wire.FRAME_BYTES, f"a reply of {len(frame)} bytes"
    return frame.decode()


def refusal(command_id: CommandId, error: RoomwireError) -> str:
    """Return an error reply if there is an id to reply to, else an `error` frame."""
    body = ErrorBody(error.code, error.detail, error.retry_after)
    return encode(Error(body) if command_id is None else Refusal(command_id, False, body))


def goodbye(reason: str, seconds: float) -> str:
    return encode(Goodbye(reason, round(seconds * 1_000)))
