"""What an event's text means to those who pass it on: who hears no more after it, and what may not be told again.

Each looks at how the text begins, and into it only if that says so: most events are messages.
"""

from uuid import UUID

import msgspec

from chat import wire

_LEFT = '{"type":"member.left"'
_DELETED = '{"type":"room.deleted"'
_REWRITES = ('{"type":"user.erased"', '{"type":"message.deleted"', '{"type":"message.updated"')


class Ending(msgspec.Struct, frozen=True):
    """This user hears no more of the room; `user_id` None is everybody."""

    user_id: UUID | None
    reason: str


def subscription_end(payload: str) -> Ending | None:
    """Whose last event this is; None, cheaply, for nearly all."""
    if payload.startswith(_LEFT):
        departure = msgspec.convert(msgspec.json.decode(payload)["data"], wire.Departure)
        return Ending(departure.user.id, departure.reason)
    return Ending(None, "deleted") if payload.startswith(_DELETED) else None


def invalidates_history(payload: str) -> bool:
    """Whether this event says that earlier ones are no longer as they were told: the log was rewritten."""
    return payload.startswith(_REWRITES)
