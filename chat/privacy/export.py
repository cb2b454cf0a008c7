"""Export: all data that is stored about a user."""

from uuid import UUID

import msgspec

from accounts import limits, users
from accounts.models import Device
from chat import wire
from chat.models import Membership, Message, Reaction, Revision, Room
from chat.wire_types import Data, Moment


class ExportedDevice(wire.Device, frozen=True):
    """A device, also one that was logged out recently."""

    revoked_at: Moment | None


class ExportedRoom(msgspec.Struct, frozen=True):
    """A room that the user created and is a member of."""

    id: UUID
    name: str
    topic: str
    created_at: Moment


class ExportedMembership(msgspec.Struct, frozen=True):
    room: UUID
    name: str
    role: str
    joined_at: Moment
    last_read_seq: int


class ExportedRevision(msgspec.Struct, frozen=True):
    """A version of one of the user's messages before an edit."""

    message: UUID
    body: str
    data: Data | None
    replaced_at: Moment


class ExportedReaction(msgspec.Struct, frozen=True):
    message: UUID
    emoji: str
    created_at: Moment


class Export(msgspec.Struct, frozen=True):
    id: UUID
    username: str
    email: str
    pending_email: str
    created_at: Moment
    devices: list[ExportedDevice]
    rooms: list[ExportedRoom]
    memberships: list[ExportedMembership]
    messages: list[wire.Message]
    revisions: list[ExportedRevision]
    reactions: list[ExportedReaction]


def export(*, user_id: UUID) -> Export:
    """Return all data of a user. Raises RateLimited, as it is expensive."""
    limits.export(user_id)
    user = users.get(user_id=user_id)
    opened = Room.objects.filter(created_by=user, memberships__user=user, deleted_at=None).order_by("id")
    memberships = Membership.objects.filter(user=user, room__deleted_at=None).select_related("room").order_by("id")
    messages = Message.objects.filter(author=user).select_related("author").order_by("id")
    revisions = Revision.objects.filter(message__author=user).order_by("id")
    reactions = Reaction.objects.filter(user=user).order_by("id")
    return Export(
        id=user.id,
        username=user.username,
        email=user.email,
        pending_email=user.pending_email,
        created_at=wire.moment(user.created_at),
        devices=[_device(row) for row in Device.objects.filter(user=user).order_by("id")],
        rooms=[ExportedRoom(row.id, row.name, row.topic, wire.moment(row.created_at)) for row in opened],
        memberships=[
            ExportedMembership(row.room_id, row.room.name, row.role, wire.moment(row.joined_at), row.last_read_seq)
            for row in memberships
        ],
        messages=[wire.message(row) for row in messages],
        revisions=[
            ExportedRevision(row.message_id, row.body, row.data, wire.moment(row.replaced_at)) for row in revisions
        ],
        reactions=[ExportedReaction(row.message_id, row.emoji, wire.moment(row.created_at)) for row in reactions],
    )


def _device(row: Device) -> ExportedDevice:
    return ExportedDevice(**msgspec.structs.asdict(wire.device(row)), revoked_at=wire.moment(row.revoked_at))
