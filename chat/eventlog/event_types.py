"""All event types of rooms, with the struct of their `data`. docs/protocol.md describes them."""

import msgspec

from chat import wire

# The durable events, with the struct of their `data`.
EVENTS: dict[str, type[msgspec.Struct]] = {
    "message.created": wire.Message,
    "message.updated": wire.Message,
    "message.deleted": wire.Message,
    "reaction.added": wire.ReactionChange,
    "reaction.removed": wire.ReactionChange,
    "member.joined": wire.Member,
    "member.updated": wire.Member,
    "member.left": wire.Departure,
    "member.unbanned": wire.Unbanned,
    "room.updated": wire.RoomFacts,
    "room.archived": wire.RoomFacts,
    "room.deleted": wire.RoomFacts,
    "user.erased": wire.Erasure,
    # and `custom.<name>`
    "custom": wire.Custom,
}

# The ephemeral events, with the struct of their `data`.
PASSING: dict[str, type[msgspec.Struct]] = {
    "read.updated": wire.Reader,
    "typing.started": wire.Typist,
    "typing.stopped": wire.Typist,
    "presence.joined": wire.Present,
    "presence.left": wire.Absent,
    "presence.counted": wire.Presence,
    "room.added": wire.Room,
}
