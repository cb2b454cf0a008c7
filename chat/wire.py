"""The JSON of everything that clients receive about rooms, written in this module only.

REST responses, WebSocket frames and the stored log are these structs, encoded by `encode`; the OpenAPI and AsyncAPI
documents are generated from them. Ids are UUIDs; `moment` writes the one form of times.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, overload
from uuid import UUID

import msgspec

from accounts import models as accounts
from chat import models
from chat.wire_types import CustomEvents, Data, EventData, Kind, Moment, Role, Timestamp

encode = msgspec.json.Encoder().encode

# No frame to a client is larger: many WebSocket libraries end the connection at 1 MiB.
FRAME_BYTES = 262_144


class User(msgspec.Struct, frozen=True):
    id: UUID
    username: str


class Device(msgspec.Struct, frozen=True):
    """A device that a user is logged in on; returned to that user only."""

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
    """`mentions` are the ids of the members it names. A deleted message has lost its content: `deleted_at` is set."""

    id: UUID
    room: UUID
    seq: int
    author: User
    body: str
    data: Data | None
    client_ref: str | None
    reply_to: UUID | None
    mentions: Sequence[UUID]
    reactions: Sequence[ReactionCount]
    created_at: Moment
    edited_at: Moment | None
    deleted_at: Moment | None


class RoomFacts(msgspec.Struct, frozen=True):
    """A room as all users see it."""

    id: UUID
    kind: Kind
    name: str
    topic: str
    custom_events: CustomEvents
    created_by: UUID | None
    created_at: Moment
    archived_at: Moment | None


class Room(RoomFacts, frozen=True):
    """A room as one user sees it. For a reader who is not a member, `role` and the fields after it are null. `peer` is
    the other user of a direct room. The counts cover messages of other users after `last_read_seq`; 100 means more
    than 99."""

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
    """A member who is muted until `muted_until`, if that is a time in the future."""

    user: User
    role: Role
    joined_at: Moment
    muted_until: Moment | None


class Departure(msgspec.Struct, frozen=True):
    """The data of a `member.left` event. `reason` is `left`, `removed`, `banned` (also of a user who was not a member)
    or `erased` (with the account)."""

    user: User
    reason: str


class Unbanned(msgspec.Struct, frozen=True):
    """The data of a `member.unbanned` event: the user may join again."""

    user: User


class Ban(msgspec.Struct, frozen=True):
    """A ban, as the room's owners and moderators see it."""

    user: User
    reason: str
    banned_by: UUID | None
    created_at: Moment


class ReactionChange(msgspec.Struct, frozen=True):
    """The data of a `reaction.added` or `reaction.removed` event; `reactions` are all that the message has now."""

    message: UUID
    user: User
    emoji: str
    reactions: Sequence[ReactionCount]


class Reaction(msgspec.Struct, frozen=True):
    user: User
    emoji: str
    created_at: Moment


class Revision(msgspec.Struct, frozen=True):
    """A version of a message before an edit."""

    body: str
    data: Data | None
    replaced_at: Moment


class Custom(msgspec.Struct, frozen=True):
    """The data of a `custom.<name>` event. `sender` is null if the server's own code sent it; `data` is any
    JSON."""

    sender: User | None
    data: Any


class Erasure(msgspec.Struct, frozen=True):
    """The data of a `user.erased` event: the user's messages are tombstones, deleted at `deleted_at` unless they were
    deleted before, and `user` has the name that replaces the old one."""

    user: User
    deleted_at: Moment


class ReadMarker(msgspec.Struct, frozen=True):
    room: UUID
    last_read_seq: int


class Reader(msgspec.Struct, frozen=True):
    """How far a user has read: an entry of a room's read markers, and the data of a `read.updated` event."""

    user: User
    last_read_seq: int


class Typist(msgspec.Struct, frozen=True):
    """The data of a `typing.started` or `typing.stopped` event. It expires after `expires_in` seconds."""

    user: User
    expires_in: float


class Present(msgspec.Struct, frozen=True):
    """A user who is present in a room: an entry of its presence, and the data of a `presence.joined` event."""

    user: User
    since: Moment


class Absent(msgspec.Struct, frozen=True):
    """The data of a `presence.left` event."""

    user: User


class Presence(msgspec.Struct, frozen=True):
    """The users who are present in a room, and the data of a `presence.counted` event. In a crowded room `users` is
    null. `complete` is false while users of other processes may be missing."""

    room: UUID
    count: int
    users: Sequence[Present] | None
    complete: bool


class Event(msgspec.Struct, frozen=True):
    """A durable event of a room, the same as a frame, in the log and over REST."""

    type: str
    room: UUID
    seq: int
    at: Moment
    data: EventData


class Passing(msgspec.Struct, frozen=True):
    """An ephemeral event: it is true only now, has no `seq`, is in no log, and may be lost."""

    type: str
    room: UUID
    at: Moment
    data: EventData


class RoomRemoved(msgspec.Struct, frozen=True, tag_field="type", tag="room.removed"):
    """Sent to a user who left the room or was removed: the subscription has ended."""

    room: UUID
    reason: str


@overload
def moment(at: datetime) -> Timestamp: ...
@overload
def moment(at: None) -> None: ...
def moment(at: datetime | None) -> Timestamp | None:
    """Return an aware time as clients receive it: in UTC, to the microsecond."""
    if at is None:
        return None
    return Timestamp(at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z")


def user(row: accounts.User) -> User:
    return User(row.id, row.username)


def device(row: accounts.Device) -> Device:
    return Device(row.id, row.name, row.platform, row.address, moment(row.created_at), moment(row.last_used_at))


def facts(row: models.Room) -> RoomFacts:
    return RoomFacts(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # the columns' choices are these
        name=row.name,
        topic=row.topic,
        custom_events=row.custom_events,  # type: ignore[arg-type]
        created_by=row.created_by_id,
        created_at=moment(row.created_at),
        archived_at=moment(row.archived_at),
    )


def member(row: models.Membership) -> Member:
    """Return the member as clients receive it. `row.user` must be loaded."""
    role: Any = row.role  # the column's choices are these
    return Member(user(row.user), role, moment(row.joined_at), moment(row.muted_until))


def message(row: models.Message) -> Message:
    """Return the message as clients receive it. `row.author` must be loaded."""
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
        created_at=moment(row.created_at),
        edited_at=moment(row.edited_at),
        deleted_at=moment(row.deleted_at),
    )
