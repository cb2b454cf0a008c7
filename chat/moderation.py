"""Actions of administrators in rooms, whatever their own role there. The admin checks their permissions.

Each function is one transaction that has locked the room, and returns whether it changed anything. Rooms receive the
same events as for any other change.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat import bans, departures, edits, members, permissions, rooms
from chat.errors import Forbidden
from chat.eventlog import log
from chat.models import Ban, Membership, Message, Role, Room


@transaction.atomic
def archive(*, room_id: UUID, archived: bool) -> bool:
    """Archive or unarchive a room. Raises NotFound."""
    room = log.lock(room_id)
    before = room.last_seq
    rooms.set_archived(room, archived=archived)
    return room.last_seq > before


@transaction.atomic
def delete(*, room_id: UUID) -> bool:
    """Delete a room for all users. This cannot be undone. Raises NotFound."""
    rooms.soft_delete(log.lock(room_id))
    return True


@transaction.atomic
def delete_message(*, room_id: UUID, message_id: UUID) -> bool:
    """Replace a message by a tombstone. Raises NotFound for a deleted room."""
    room = log.lock(room_id)
    row = Message.objects.select_related("author").filter(room=room, id=message_id, deleted_at=None).first()
    if row is None:
        return False
    edits.bury(room, row)
    return True


@transaction.atomic
def remove(*, room_id: UUID, user_id: UUID) -> bool:
    """Remove a member of any role. A room that loses its last owner gets another, as when a user is erased. Raises
    NotFound, or Forbidden in a direct room, whose two members never change."""
    room = log.lock(room_id)
    row = permissions.find_membership(user_id=user_id, room=room)
    if row is None:
        return False
    _take_out(room, row, "removed")
    return True


@transaction.atomic
def ban(*, room_id: UUID, user_id: UUID, banned_by: UUID) -> bool:
    """Remove a member and keep them from joining again. Raises as `remove` does."""
    room = log.lock(room_id)
    row = permissions.find_membership(user_id=user_id, room=room)
    if row is None:
        return False
    Ban.objects.create(room=room, user=row.user, banned_by_id=banned_by)
    _take_out(room, row, "banned")
    return True


@transaction.atomic
def unban(*, room_id: UUID, user_id: UUID) -> bool:
    """Let a user join again. Raises NotFound."""
    return bans.lift(log.lock(room_id), user_id)


@transaction.atomic
def mute(*, room_id: UUID, user_id: UUID, until: datetime) -> bool:
    """Mute a member, unless they are muted for longer already. Raises NotFound, or Forbidden for an owner."""
    room = log.lock(room_id)
    row = permissions.find_membership(user_id=user_id, room=room)
    if row is None or (row.muted_until is not None and row.muted_until >= until):
        return False
    if row.role == Role.OWNER:
        raise Forbidden("An owner cannot be muted. Remove or ban them instead.")
    members.change(room, row, muted_until=until)
    return True


@transaction.atomic
def unmute(*, room_id: UUID, user_id: UUID) -> bool:
    """End the mute of a member. Raises NotFound."""
    room = log.lock(room_id)
    row = permissions.find_membership(user_id=user_id, room=room)
    if row is None or row.muted_until is None or row.muted_until <= timezone.now():
        return False
    members.change(room, row, muted_until=None)
    return True


def _take_out(room: Room, row: Membership, reason: str) -> None:
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("Members of a direct room cannot be removed. Archive or delete the room instead.")
    departures.take_out(room, row, reason)
