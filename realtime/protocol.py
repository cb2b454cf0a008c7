"""The frames of the WebSocket protocol, version 1: a grammar without I/O. docs/protocol.md describes it."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import msgspec

from accounts.errors import Invalid, Malformed, RoomwireError, UnknownCommand, Violation
from chat import wire

SUBPROTOCOL = "roomwire.v1"
# Beside it, a token for clients that can set no header.
BEARER = "roomwire.bearer."

CommandId = Annotated[str, msgspec.Meta(max_length=128)] | int | float | None
Seq = Annotated[int, msgspec.Meta(ge=0)]


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    id: CommandId = None


class Authenticate(_Command, frozen=True, tag="authenticate"):
    token: str


class Ping(_Command, frozen=True, tag="ping"):
    pass


class Position(msgspec.Struct, frozen=True):
    """The last `seq` a client has, and of which counting; without it, from now on."""

    since: Seq | None = None
    epoch: UUID | None = None


class RoomSubscribe(_Command, frozen=True, tag="room.subscribe"):
    """Either one `room`; or several `rooms`; or "all" of one's own, with the `positions` one has of some. `presence`
    is to be seen in them, and to see."""

    room: UUID | None = None
    since: Seq | None = None
    epoch: UUID | None = None
    rooms: dict[UUID, Position] | Literal["all"] | None = None
    positions: dict[UUID, Position] = {}
    presence: bool = False


class RoomUnsubscribe(_Command, frozen=True, tag="room.unsubscribe"):
    room: UUID


class RoomRead(_Command, frozen=True, tag="room.read"):
    room: UUID
    seq: Seq


class TypingStart(_Command, frozen=True, tag="typing.start"):
    room: UUID


class TypingStop(_Command, frozen=True, tag="typing.stop"):
    room: UUID


class PresenceList(_Command, frozen=True, tag="presence.list"):
    room: UUID


class MessageSend(_Command, frozen=True, tag="message.send"):
    room: UUID
    body: str
    client_ref: str | None = None
    reply_to: UUID | None = None
    data: Any = None


class MessageEdit(_Command, frozen=True, tag="message.edit"):
    """Without `data` that stays as it is."""

    room: UUID
    message: UUID
    body: str
    data: Any = msgspec.UNSET


class MessageDelete(_Command, frozen=True, tag="message.delete"):
    room: UUID
    message: UUID


class ReactionAdd(_Command, frozen=True, tag="reaction.add"):
    room: UUID
    message: UUID
    emoji: str


class ReactionRemove(_Command, frozen=True, tag="reaction.remove"):
    room: UUID
    message: UUID
    emoji: str


class CustomSend(_Command, frozen=True, tag="custom.send"):
    """An event `custom.<name>` of the app's own."""

    room: UUID
    name: str
    data: Any = None


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

_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)

_decoder: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
_known = {command.__struct_config__.tag for command in get_args(Command)}


class _Envelope(msgspec.Struct, frozen=True):
    type: str
    id: CommandId = None


_envelope = msgspec.json.Decoder(_Envelope)


def answered(offered: Sequence[str] | None) -> str | None:
    """The subprotocol to answer: a browser that asked for one and gets none lets its page see nothing, no close code
    either."""
    return SUBPROTOCOL if offered and SUBPROTOCOL in offered else None


class Rejected(Exception):
    """A frame that is no command we know, and what to answer it."""

    def __init__(self, error: RoomwireError, command_id: CommandId = None) -> None:
        super().__init__(error.detail)
        self.error = error
        self.command_id = command_id

    @property
    def no_command(self) -> bool:
        """Not a command at all, rather than one that we don't know or can't carry out."""
        return isinstance(self.error, Malformed)


def decode(text: str) -> Command:
    """The command in a frame. Raises Rejected: Malformed, UnknownCommand, or Invalid naming the field."""
    try:
        return _decoder.decode(text)
    except _UNREADABLE as error:
        raise _rejection(text, str(error)) from error


def _rejection(text: str, reason: str) -> Rejected:
    try:
        envelope = _envelope.decode(text)
    except _UNREADABLE:
        return Rejected(Malformed())
    if envelope.type not in _known:
        return Rejected(UnknownCommand(f"There is no command {envelope.type[:64]!r}."), envelope.id)
    return Rejected(Invalid(_violation(reason)), envelope.id)


def _violation(reason: str) -> Violation:
    """msgspec's words say what and where: "Expected `int`, got `str` - at `$.since`"."""
    path = re.search(r"`\$\.(.+)`$", reason)
    return Violation(path[1] if path else "type", "invalid", f"{reason.partition(' - at ')[0]}.")


def position(query: dict[str, str]) -> Position:
    """The position in an address, `?since=40&epoch=…`. Raises Invalid."""
    try:
        return msgspec.convert(query, Position, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(_violation(str(error))) from error


class Subscribed(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """What follows on the socket begins after `from`; `recovered` is false when that is not what was asked. Who is
    `present` there is told what follows from `presence`; a long one of many is left out, and comes next as
    `presence.counted`."""

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
    """`heartbeat` is the seconds between the server's pings."""

    connection: str
    user: wire.User
    heartbeat: int
    limits: Limits
    server_time: wire.Moment


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
    """The log can't continue where this subscription stood: it goes on from `head`, fetch a snapshot."""

    room: UUID
    epoch: UUID
    head: int
    reason: str


class TokenExpiring(msgspec.Struct, frozen=True, tag_field="type", tag="token.expiring"):
    """The connection ends then, unless `authenticate` comes before with a newer token."""

    expires_at: wire.Moment


class Goodbye(msgspec.Struct, frozen=True, tag_field="type", tag="goodbye"):
    """This process is leaving: come back `reconnect_after_ms` from now. It closes 1012 at about that time."""

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
    """A reply when there is an id to reply to, else an `error` frame."""
    body = ErrorBody(error.code, error.detail, error.retry_after)
    return encode(Error(body) if command_id is None else Refusal(command_id, False, body))


def goodbye(reason: str, seconds: float) -> str:
    return encode(Goodbye(reason, round(seconds * 1_000)))
