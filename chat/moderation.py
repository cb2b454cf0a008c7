"""What the staff of an installation does in rooms, whatever they are there. Whether somebody may is the admin's to ask.

Each is one transaction that has the room's log for itself, and says whether it did anything: what is gone, or was done
before, is left as it is. Rooms hear of it as of anything else.
"""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat import access, bans, departures, edits, log, members, rooms
from chat.errors import Forbidden
from chat.models import Ban, Membership, Message, Room


@transaction.atomic
def archive(*, room_id: UUID, archived: bool) -> bool:
    """Keep a room as it is; or use it again. Raises NotFound."""
    room = log.lock(room_id)
    before = room.last_seq
    rooms.archiving(room, archived=archived)
    return room.last_seq > before


@transaction.atomic
def delete(*, room_id: UUID) -> bool:
    """A room, for everybody and for ever. Raises NotFound."""
    rooms.bury(log.lock(room_id))
    return True


@transaction.atomic
def delete_message(*, room_id: UUID, message_id: UUID) -> bool:
    """What it said. Raises NotFound for a room that is gone."""
    room = log.lock(room_id)
    row = Message.objects.select_related("author").filter(room=room, id=message_id, deleted_at=None).first()
    if row is None:
        return False
    edits.bury(room, row)
    return True


@transaction.atomic
def remove(*, room_id: UUID, user_id: UUID) -> bool:
    """A member, whatever their role: owners too, or nobody could be rid of one who does harm. A room that would have no
    owner gets the one who is longest in charge, as when somebody is erased. Raises NotFound, or Forbidden in a direct
    room, which is of these two or of nobody."""
    room = log.lock(room_id)
    row = access.member(user_id=user_id, room=room)
    if row is None:
        return False
    _take_out(room, row, "removed")
    return True


@transaction.atomic
def ban(*, room_id: UUID, user_id: UUID, banned_by: UUID) -> bool:
    """A member, who may not come back either. Raises as `remove` does."""
    room = log.lock(room_id)
    row = access.member(user_id=user_id, room=room)
    if row is None:
        return False
    Ban.objects.create(room=room, user=row.user, banned_by_id=banned_by)
    _take_out(room, row, "banned")
    return True


@transaction.atomic
def unban(*, room_id: UUID, user_id: UUID) -> bool:
    """They may enter again. Raises NotFound."""
    return bans.lift(log.lock(room_id), user_id)


@transaction.atomic
def unmute(*, room_id: UUID, user_id: UUID) -> bool:
    """They may be heard again. Raises NotFound."""
    room = log.lock(room_id)
    row = access.member(user_id=user_id, room=room)
    if row is None or row.muted_until is None or row.muted_until <= timezone.now():
        return False
    members.change(room, row, muted_until=None)
    return True


def _take_out(room: Room, row: Membership, reason: str) -> None:
    if room.kind == Room.Kind.DIRECT:
        raise Forbidden("A direct room is of these two: archive or delete it.")
    departures.take_out(room, row, reason)
