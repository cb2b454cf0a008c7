"""Departures: the end of a membership, whatever its cause. The departing user is sent the event as their last one, and
the room keeps an owner.

All functions run in a transaction that has locked the room.
"""

from datetime import datetime

from django.utils import timezone

from accounts.models import User
from chat import wire
from chat.errors import LastOwner
from chat.eventlog import ephemeral, log
from chat.models import Membership, Mute, Role, Room


def depart(room: Room, row: Membership, reason: str) -> None:
    """End the membership of a user who leaves. Raises LastOwner for the only owner."""
    keep_an_owner(room, row)
    end(row)
    tell(room, row.user, reason)


def take_out(room: Room, row: Membership, reason: str) -> None:
    """End a membership of any role. A room without an owner gets its longest-serving moderator or member as owner."""
    end(row)
    tell(room, row.user, reason)
    if row.role == Role.OWNER:
        _succeed(room)


def tell(room: Room, user: User, reason: str, *, knew: bool = True) -> None:
    """Publish `member.left`, and `room.removed` to the user's connections unless they never `knew` of the room."""
    log.append(room=room, type="member.left", data=wire.Departure(wire.user(user), reason))
    if knew:
        ephemeral.removed(room.id, [user.id], reason)


def end(row: Membership) -> None:
    """Delete the membership, keeping its mute: leaving and re-joining must not end a mute early."""
    if row.muted_until is not None and row.muted_until > timezone.now():
        Mute.objects.update_or_create(room_id=row.room_id, user_id=row.user_id, defaults={"until": row.muted_until})
    row.delete()


def still_muted(room: Room, user: User) -> datetime | None:
    """Return until when a re-joining user is muted, and forget it."""
    mute = Mute.objects.filter(room=room, user=user).first()
    if mute is None:
        return None
    mute.delete()
    return mute.until if mute.until > timezone.now() else None


def keep_an_owner(room: Room, row: Membership) -> None:
    """Raise LastOwner if this is the only owner."""
    owners = Membership.objects.filter(room=room, role=Role.OWNER)
    if row.role == Role.OWNER and owners.count() == 1:
        raise LastOwner


def _succeed(room: Room) -> None:
    """Choose the next owner; one who may log in, if there is any."""
    left = Membership.objects.filter(room=room).select_related("user").order_by("-user__is_active", "id")
    if left.filter(role=Role.OWNER).exists():
        return
    heir = left.filter(role=Role.MODERATOR, user__is_active=True).first() or left.first()
    if heir is not None:
        heir.role = Role.OWNER
        heir.save(update_fields=["role"])
        log.append(room=room, type="member.updated", data=wire.member(heir))
