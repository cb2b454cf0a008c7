"""What an event means for its delivery: which subscriptions it ends, and whether it invalidates earlier events.

Each function looks at the beginning of the text, and parses only a few types: most events are messages.
"""

from uuid import UUID

import msgspec

from chat import wire

_LEFT = '{"type":"member.left"'
_DELETED = '{"type":"room.deleted"'
_REWRITES = ('{"type":"user.erased"', '{"type":"message.deleted"', '{"type":"message.updated"')


class Ending(msgspec.Struct, frozen=True):
    """The end of a user's subscription to the room; of all subscriptions if `user_id` is None."""

    user_id: UUID | None
    reason: str


def subscription_end(payload: str) -> Ending | None:
    """Return the ending that this event is; None, cheaply, for nearly all events."""
    if payload.startswith(_LEFT):
        departure = msgspec.convert(msgspec.json.decode(payload)["data"], wire.Departure)
        return Ending(departure.user.id, departure.reason)
    return Ending(None, "deleted") if payload.startswith(_DELETED) else None


def invalidates_history(payload: str) -> bool:
    """Whether the event says that earlier events were rewritten in the log."""
    return payload.startswith(_REWRITES)
