"""What the reply to each command says in its `data`."""

from typing import Annotated, Any
from uuid import UUID

import msgspec

from chat import wire
from chat.schemas import REFERENCE
from chat.wire_types import ById, Moment
from realtime import protocol


class Authenticated(msgspec.Struct, frozen=True):
    """The connection lasts until `expires_at`."""

    expires_at: Moment


class OfRoom(msgspec.Struct, frozen=True):
    """The command took effect in this room."""

    room: UUID


class NotSubscribed(msgspec.Struct, frozen=True):
    """This room was refused; the other rooms are not affected."""

    error: protocol.ErrorBody


ONE_OF_MANY = (protocol.Subscribed, NotSubscribed)
_Answer = Annotated[
    Any,
    msgspec.Meta(extra_json_schema={"oneOf": [{"$ref": REFERENCE.format(name=each.__name__)} for each in ONE_OF_MANY]}),
]


class SubscribedMany(msgspec.Struct, frozen=True):
    """An answer for each of the named rooms or, for "all", for each room of the user. There are `more` of those than a
    connection may have: these are the ones with the latest activity."""

    rooms: ById[_Answer]
    more: bool


# Some have several. `ping` has none: it is answered with `pong`, which is no reply.
REPLIES: dict[type[protocol.Command], tuple[type[msgspec.Struct], ...]] = {
    protocol.Authenticate: (Authenticated,),
    protocol.Ping: (),
    protocol.RoomSubscribe: (protocol.Subscribed, SubscribedMany),
    protocol.RoomUnsubscribe: (OfRoom,),
    protocol.RoomRead: (wire.ReadMarker,),
    protocol.TypingStart: (OfRoom,),
    protocol.TypingStop: (OfRoom,),
    protocol.PresenceList: (wire.Presence,),
    protocol.MessageSend: (wire.Message,),
    protocol.MessageEdit: (wire.Message,),
    protocol.MessageDelete: (wire.Message,),
    protocol.ReactionAdd: (wire.Message,),
    protocol.ReactionRemove: (wire.Message,),
    protocol.CustomSend: (wire.Event,),
}
