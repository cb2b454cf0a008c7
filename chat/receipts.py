"""Read receipts: how far each member has read."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from chat import members, permissions, wire
from chat.eventlog import ephemeral
from chat.models import Membership, Room
from core.errors import Invalid, Violation


def read(*, user_id: UUID, room_id: UUID, seq: int) -> wire.ReadMarker:
    """Move the user's read marker forward, never back. Raises Invalid beyond the head, NotFound, NotAMember."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    row = permissions.require_membership(user_id=user_id, room=room)
    if not 0 <= seq <= room.last_seq:
        raise Invalid(Violation("seq", "out_of_range", f"Must be between 0 and the room's last seq, {room.last_seq}."))
    if Membership.objects.filter(id=row.id, last_read_seq__lt=seq).update(last_read_seq=seq):
        _tell(room, row, seq)
    return wire.ReadMarker(room.id, max(seq, row.last_read_seq))


def list_readers(*, user_id: UUID, room_id: UUID) -> QuerySet[Membership]:
    """Return the members of a readable room with their users, oldest first. Raises NotFound."""
    return members.list_members(user_id=user_id, room_id=room_id)


def _tell(room: Room, row: Membership, seq: int) -> None:
    """Publish the marker, except in a crowded room, where clients fetch the markers."""
    if not Membership.objects.filter(room=room)[settings.RECEIPTS_MEMBERS_MAX :].exists():
        row.last_read_seq = seq
        ephemeral.tell(room, "read.updated", to_wire(row))


def to_wire(row: Membership) -> wire.Reader:
    """Return the marker as clients receive it. `row.user` must be loaded."""
    return wire.Reader(wire.user(row.user), row.last_read_seq)
