"""The JSON of everything clients are told about rooms, written here and nowhere else.

REST answers, socket frames and the stored log are these structs, encoded by `encode`; the OpenAPI document is
generated from them. Times are RFC 3339 in UTC, ids are UUIDs.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from accounts import models as accounts
from chat import models

encode = msgspec.json.Encoder().encode

# An aware time. (Naming the constraint gives its schema the format date-time.)
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

_LEFT = '{"type":"member.left"'
_ERASED = '{"type":"user.erased"'


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


class Room(msgspec.Struct, frozen=True):
    """`role` and `last_read_seq` are the asking user's own, and null to a reader who is no member."""

    id: UUID
    kind: Literal["public", "private", "direct"]
    name: str
    created_by: UUID | None
    created_at: Moment
    epoch: UUID
    last_seq: int
    role: Literal["owner", "moderator", "member"] | None
    last_read_seq: int | None


class Member(msgspec.Struct, frozen=True):
    user: User
    role: Literal["owner", "moderator", "member"]
    joined_at: Moment


class Departure(msgspec.Struct, frozen=True):
    """What a `member.left` event says: `left` by their own will, `removed`, or `erased` with their account."""

    user: User
    reason: str


class Erasure(msgspec.Struct, frozen=True):
    """What a `user.erased` event says: all that this user wrote is a tombstone, and this is their name now."""

    user: User


class ReadMarker(msgspec.Struct, frozen=True):
    room: UUID
    last_read_seq: int


class Message(msgspec.Struct, frozen=True):
    id: UUID
    room: UUID
    seq: int
    author: User
    body: str
    data: Any
    client_ref: str | None
    reply_to: UUID | None
    created_at: Moment
    edited_at: Moment | None
    deleted_at: Moment | None


class Event(msgspec.Struct, frozen=True):
    """A durable fact of a room: frame, log entry and REST result alike."""

    type: str
    room: UUID
    seq: int
    at: Moment
    data: Any


class RoomRemoved(msgspec.Struct, frozen=True, tag_field="type", tag="room.removed"):
    """To the sockets of somebody who has left or was removed: this subscription has ended."""

    room: UUID
    reason: str


def device(row: accounts.Device) -> Device:
    return Device(row.id, row.name, row.platform, row.address, row.created_at, row.last_used_at)


def room(row: models.Room, membership: models.Membership | None) -> Room:
    return Room(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]  # the column's choices are these
        name=row.name,
        created_by=row.created_by_id,
        created_at=row.created_at,
        epoch=row.epoch,
        last_seq=row.last_seq,
        role=membership.role if membership else None,  # type: ignore[arg-type]
        last_read_seq=membership.last_read_seq if membership else None,
    )


def member(row: models.Membership) -> Member:
    """`row.user` must be loaded."""
    user = User(row.user_id, row.user.username)
    return Member(user, row.role, row.joined_at)  # type: ignore[arg-type]


def message(row: models.Message) -> Message:
    """`row.author` must be loaded."""
    return Message(
        id=row.id,
        room=row.room_id,
        seq=row.seq,
        author=User(row.author_id, row.author.username),
        body=row.body,
        data=row.data,
        client_ref=row.client_ref,
        reply_to=row.reply_to_id,
        created_at=row.created_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )


def departure(payload: str) -> Departure | None:
    """Who left, when this event text says that somebody did; None, cheaply, for any other."""
    if not payload.startswith(_LEFT):
        return None
    data = msgspec.json.decode(payload)["data"]
    return msgspec.convert(data, Departure)


def erases(payload: str) -> bool:
    """Whether this event text says that earlier ones are no longer as they were told."""
    return payload.startswith(_ERASED)
