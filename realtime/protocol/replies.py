"""The `data` of the reply to each command."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from chat import wire
from chat.schemas import REFERENCE
from chat.wire_types import ById, Moment
from realtime.protocol import frames


class Authenticated(msgspec.Struct, frozen=True):
    """The connection lasts until `expires_at`."""

    expires_at: Moment


class OfRoom(msgspec.Struct, frozen=True):
    """The command took effect in this room."""

    room: UUID


class NotSubscribed(msgspec.Struct, frozen=True):
    """This room was refused; the other rooms are not affected."""

    error: frames.ErrorBody


ONE_OF_MANY = (frames.Subscribed, NotSubscribed)
_Answer = Annotated[
    Any,
    msgspec.Meta(extra_json_schema={"oneOf": [{"$ref": REFERENCE.format(name=each.__name__)} for each in ONE_OF_MANY]}),
]


class SubscribedMany(msgspec.Struct, frozen=True):
    """An answer for each of the named rooms or, for "all", for each room of the user. There are `more` of those than a
    connection may have: these are the ones with the latest activity."""

    rooms: ById[_Answer]
    more: bool


# Some commands have several. `ping` has none: `pong` answers it, which is no reply.
REPLIES: dict[type[frames.Command], tuple[type[msgspec.Struct], ...]] = {
    frames.Authenticate: (Authenticated,),
    frames.Ping: (),
    frames.RoomSubscribe: (frames.Subscribed, SubscribedMany),
    frames.RoomUnsubscribe: (OfRoom,),
    frames.RoomRead: (wire.ReadMarker,),
    frames.TypingStart: (OfRoom,),
    frames.TypingStop: (OfRoom,),
    frames.PresenceList: (wire.Presence,),
    frames.MessageSend: (wire.Message,),
    frames.MessageEdit: (wire.Message,),
    frames.MessageDelete: (wire.Message,),
    frames.ReactionAdd: (wire.Message,),
    frames.ReactionRemove: (wire.Message,),
    frames.CustomSend: (wire.Event,),
}
