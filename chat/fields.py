"""Types of the fields that clients send, shared by REST and WebSocket.

Request bodies and commands are structs of these types, so that both accept the same values and both documents have the
same bounds. Further rules are checked in the domain (chat/validation.py).
"""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.conf import settings

from chat import custom_events, validation, wire_types


def text(maximum: int, *, minimum: int = 1, pattern: str = validation.TEXT_PATTERN, **schema: Any) -> msgspec.Meta:
    """Return the bounds of a string: its length in characters is checked here, its `pattern` in the domain."""
    extra = {"pattern": pattern, **schema}
    return msgspec.Meta(min_length=minimum or None, max_length=maximum, extra_json_schema=extra)


Body = Annotated[
    str, text(settings.MESSAGE_BODY_MAX, pattern=validation.WORDS_PATTERN), msgspec.Meta(examples=["hello"])
]
ClientRef = Annotated[
    str,
    text(settings.CLIENT_REF_MAX, pattern=validation.WORDS_PATTERN),
    msgspec.Meta(
        description="The sender's own name for the message, unique per room and author: sending it again returns the "
        "stored message and creates nothing.",
        examples=["b6ad3b0c"],
    ),
]
ReplyTo = Annotated[UUID, msgspec.Meta(description="The id of a message of the same room.")]
Data = Annotated[
    wire_types.Data,
    msgspec.Meta(
        description=f"An object of the app's own, of at most {settings.MESSAGE_DATA_MAX_BYTES} bytes; not interpreted.",
        examples=[{"mood": "calm"}],
    ),
]
CustomData = Annotated[
    Any,
    msgspec.Meta(
        description=f"JSON of the app's own, of at most {settings.MESSAGE_DATA_MAX_BYTES} bytes; not interpreted.",
        examples=[{"question": "Lunch?"}],
    ),
]
Emoji = Annotated[str, text(settings.EMOJI_MAX, pattern=validation.EMOJI_PATTERN), msgspec.Meta(examples=["👍"])]
CustomName = Annotated[
    str,
    text(settings.CUSTOM_NAME_MAX, pattern=custom_events.NAME_PATTERN),
    msgspec.Meta(description="The type of the event is `custom.<name>`.", examples=["poll.opened"]),
]
RoomName = Annotated[
    str, text(settings.ROOM_NAME_MAX, pattern=validation.WORDS_PATTERN), msgspec.Meta(examples=["Lobby"])
]
Topic = Annotated[str, text(settings.ROOM_TOPIC_MAX, minimum=0, pattern=validation.LINE_PATTERN)]
Reason = Annotated[str, text(settings.REASON_MAX, minimum=0, pattern=validation.LINE_PATTERN)]
Search = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": validation.TEXT_PATTERN})]
Seq = Annotated[int, msgspec.Meta(ge=0)]


def whole(minimum: int, maximum: int) -> Any:
    """Return the type of a whole number within bounds."""
    return Annotated[int, msgspec.Meta(ge=minimum, le=maximum)]
