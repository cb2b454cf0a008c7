"""Leaving a room, by whatever way: who goes hears of it as the last thing, and the room keeps an owner.

All of this happens in a transaction that has locked the room.
"""

from datetime import datetime

from django.utils import timezone

from accounts.models import User
from chat import wire
from chat.errors import LastOwner
from chat.eventlog import ephemeral, log
from chat.models import Membership, Mute, Role, Room


def depart(room: Room, row: Membership, reason: str) -> None:
    """Raises LastOwner for the one whom the room can't be without."""
    keep_an_owner(room, row)
    end(row)
    tell(room, row.user, reason)


def take_out(room: Room, row: Membership, reason: str) -> None:
    """Whoever it is: a room that would have no owner gets the one who is longest in charge, if there is anybody."""
    end(row)
    tell(room, row.user, reason)
    if row.role == Role.OWNER:
        _succeed(room)


def tell(room: Room, user: User, reason: str, *, knew: bool = True) -> None:
    """They themselves are not told, if they never `knew` that there is such a room."""
    log.append(room=room, type="member.left", data=wire.Departure(wire.user(user), reason))
    if knew:
        ephemeral.removed(room.id, [user.id], reason)


def end(row: Membership) -> None:
    """Nobody is heard sooner for leaving and coming back."""
    if row.muted_until is not None and row.muted_until > timezone.now():
        Mute.objects.update_or_create(room_id=row.room_id, user_id=row.user_id, defaults={"until": row.muted_until})
    row.delete()


def still_muted(room: Room, user: User) -> datetime | None:
    """Until when somebody who comes back may not be heard; asked once."""
    mute = Mute.objects.filter(room=room, user=user).first()
    if mute is None:
        return None
    mute.delete()
    return mute.until if mute.until > timezone.now() else None


def keep_an_owner(room: Room, row: Membership) -> None:
    """Raises LastOwner if this is the only one."""
    owners = Membership.objects.filter(room=room, role=Role.OWNER)
    if row.role == Role.OWNER and owners.count() == 1:
        raise LastOwner


def _succeed(room: Room) -> None:
    """Not to somebody who may not sign in, if there is anybody else."""
    left = Membership.objects.filter(room=room).select_related("user").order_by("-user__is_active", "id")
    if left.filter(role=Role.OWNER).exists():
        return
    heir = left.filter(role=Role.MODERATOR, user__is_active=True).first() or left.first()
    if heir is not None:
        heir.role = Role.OWNER
        heir.save(update_fields=["role"])
        log.append(room=room, type="member.updated", data=wire.member(heir))
