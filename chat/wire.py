"""The JSON of everything clients are told about rooms, written here and nowhere else.

REST answers, socket frames and the stored log are these structs, encoded by `encode`; the OpenAPI and AsyncAPI
documents are generated from them. Times are RFC 3339 in UTC, ids are UUIDs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from accounts import models as accounts
from chat import models

encode = msgspec.json.Encoder().encode

# No frame to a client is larger: many WebSocket libraries end the connection at 1 MiB.
FRAME_BYTES = 262_144

# An aware time. (Naming the constraint gives its schema the format date-time.)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

Kind = Literal["public", "private", "direct"]
Role = Literal["owner", "moderator", "member"]


class User(msgspec.Struct, frozen=True):
    id: UUID
    username: str


class Device(msgspec.Struct, frozen=True):
    """One that somebody signed in on; only they are told."""

    id: UUID
    name: str
    platform: str
    address: str | None
    created_at: Moment
    last_used_at: Moment


class ReactionCount(msgspec.Struct, frozen=True):
    emoji: str
    count: int


class Message(msgspec.Struct, frozen=True):
    """`mentions` are the ids of members it names. A deleted one says nothing any more."""

    id: UUID
    room: UUID
    seq: int
    author: User
    body: str
    data: Any
    client_ref: str | None
    reply_to: UUID | None
    mentions: Sequence[UUID]
    reactions: Sequence[ReactionCount]
    created_at: Moment
    edited_at: Moment | None
    deleted_at: Moment | None


class RoomFacts(msgspec.Struct, frozen=True):
    """What a room is for everybody. `custom_events` is the least role that may send events of the app's own."""

    id: UUID
    kind: Kind
    name: str
    topic: str
    custom_events: Role
    created_by: UUID | None
    created_at: Moment
    archived_at: Moment | None


class Room(RoomFacts, frozen=True):
    """A room as somebody sees it. To a reader who is no member `role` and all that follows it, but the last message,
    is null. `peer` is the other of a direct room. The counts are of what others wrote since `last_read_seq`, exact up
    to 99: 100 is more."""

    epoch: UUID
    last_seq: int
    last_message: Message | None
    peer: User | None
    role: Role | None
    muted_until: Moment | None
    last_read_seq: int | None
    unread_count: int | None
    mention_count: int | None


class Member(msgspec.Struct, frozen=True):
    """Muted until then, if that is still to come."""

    user: User
    role: Role
    joined_at: Moment
    muted_until: Moment | None


class Departure(msgspec.Struct, frozen=True):
    """What a `member.left` event says: `left` by their own will, `removed`, `banned` (they may have been a reader
    only), or `erased` with their account."""

    user: User
    reason: str


class Unbanned(msgspec.Struct, frozen=True):
    """What a `member.unbanned` event says: this user may enter again."""

    user: User


class Ban(msgspec.Struct, frozen=True):
    """For the room's owners and moderators."""

    user: User
    reason: str
    banned_by: UUID | None
    created_at: Moment


class ReactionChange(msgspec.Struct, frozen=True):
    """What a `reaction.added` or `reaction.removed` event says; `reactions` are all that the message has now."""

    message: UUID
    user: User
    emoji: str
    reactions: Sequence[ReactionCount]


class Reaction(msgspec.Struct, frozen=True):
    user: User
    emoji: str
    created_at: Moment


class Revision(msgspec.Struct, frozen=True):
    """What a message said until it was edited."""

    body: str
    data: Any
    replaced_at: Moment


class Custom(msgspec.Struct, frozen=True):
    """What a `custom.<name>` event says: `data` is the app's. `sender` is null when it was the server's own code."""

    sender: User | None
    data: Any


class Erasure(msgspec.Struct, frozen=True):
    """What a `user.erased` event says: all that this user wrote is a tombstone, since `deleted_at` if it was none
    before; and this is their name now."""

    user: User
    deleted_at: Moment


class ReadMarker(msgspec.Struct, frozen=True):
    room: UUID
    last_read_seq: int


class Reader(msgspec.Struct, frozen=True):
    """Up to where somebody has read: an entry of a room's receipts, and what a `read.updated` event says."""

    user: User
    last_read_seq: int


class Typist(msgspec.Struct, frozen=True):
    """What a `typing.started` or `typing.stopped` event says. It ends by itself `expires_in` seconds later."""

    user: User
    expires_in: float


class Present(msgspec.Struct, frozen=True):
    """Somebody who is in a room now: an entry of its presence, and what a `presence.joined` event says."""

    user: User
    since: Moment


class Absent(msgspec.Struct, frozen=True):
    """What a `presence.left` event says."""

    user: User


class Presence(msgspec.Struct, frozen=True):
    """Who is in a room now; and what a `presence.counted` event says. In a crowd `users` is null: there is but the
    count. `complete` is false while other processes can't be asked."""

    room: UUID
    count: int
    users: Sequence[Present] | None
    complete: bool


class Event(msgspec.Struct, frozen=True):
    """A durable fact of a room: frame, log entry and REST result alike."""

    type: str
    room: UUID
    seq: int
    at: Moment
    data: Any


class Passing(msgspec.Struct, frozen=True):
    """Something about a room that is true only now: it has no seq, is in no log, and may be lost."""

    type: str
    room: UUID
    at: Moment
    data: Any


class RoomRemoved(msgspec.Struct, frozen=True, tag_field="type", tag="room.removed"):
    """To the sockets of somebody who has left or was removed: this subscription has ended."""

    room: UUID
    reason: str


def user(row: accounts.User) -> User:
    return User(row.id, row.username)


def device(row: accounts.Device) -> Device:
    return Device(row.id, row.name, row.platform, row.address, row.created_at, row.last_used_at)


def facts(row: models.Room) -> RoomFacts:
    return RoomFacts(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # the columns' choices are these
        name=row.name,
        topic=row.topic,
        custom_events=row.custom_events,  # type: ignore[arg-type]
        created_by=row.created_by_id,
        created_at=row.created_at,
        archived_at=row.archived_at,
    )


def member(row: models.Membership) -> Member:
    """`row.user` must be loaded."""
    return Member(user(row.user), row.role, row.joined_at, row.muted_until)  # type: ignore[arg-type]


def message(row: models.Message) -> Message:
    """`row.author` must be loaded."""
    return Message(
        id=row.id,
        room=row.room_id,
        seq=row.seq,
        author=user(row.author),
        body=row.body,
        data=row.data,
        client_ref=row.client_ref,
        reply_to=row.reply_to_id,
        mentions=[UUID(each) for each in row.mentions or ()],
        reactions=[ReactionCount(**each) for each in row.reactions or ()],
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )
