"""Bans: users who may neither join nor read a room."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from chat import departures, permissions, validation, wire
from chat.eventlog import log
from chat.models import Ban, Membership, Room
from core.errors import Invalid, Violation


def ban(*, actor_id: UUID, room_id: UUID, user_id: UUID, reason: str = "") -> wire.Ban:
    """Ban a user: a member with a lower role than the actor's, or a user who is no member. Repeating it has no effect.
    Raises Invalid, NotFound, NotAMember or Forbidden."""
    validation.line("reason", reason, maximum=settings.REASON_MAX)
    with transaction.atomic():
        room = log.lock(room_id)
        own = permissions.require_member_with_role(user_id=actor_id, room=room)
        # Lock a user who is no member: an erasure at the same time would otherwise leave their name in the event.
        user = User.objects.select_for_update(no_key=True).filter(id=user_id).first()
        if user is None:
            raise Invalid(Violation("user", "unknown", "This user does not exist."))
        row = Membership.objects.filter(room=room, user=user).first()
        if row is not None:
            permissions.require_outranks(own, row)
            departures.end(row)
        made = {"banned_by_id": actor_id, "reason": reason}
        banned, created = Ban.objects.select_related("user").get_or_create(room=room, user=user, defaults=made)
        if created:
            departures.tell(room, user, "banned", knew=row is not None or room.kind == Room.Kind.PUBLIC)
    return to_wire(banned)


def unban(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> None:
    """Lift a ban; without one, do nothing. Raises NotFound, NotAMember or Forbidden."""
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room)
        lift(room, user_id)


def lift(room: Room, user_id: UUID) -> bool:
    """Lift a ban in a room that the caller has locked. Return whether there was one."""
    row = Ban.objects.select_related("user").filter(room=room, user_id=user_id).first()
    if row is None:
        return False
    row.delete()
    log.append(room=room, type="member.unbanned", data=wire.Unbanned(wire.user(row.user)))
    return True


def list_bans(*, user_id: UUID, room_id: UUID) -> QuerySet[Ban]:
    """Return a room's bans with their users, oldest first, for owners and moderators. Raises NotFound, NotAMember or
    Forbidden."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    permissions.require_member_with_role(user_id=user_id, room=room)
    return Ban.objects.filter(room=room).select_related("user").order_by("id")


def to_wire(row: Ban) -> wire.Ban:
    """Return the ban as clients receive it. `row.user` must be loaded."""
    return wire.Ban(wire.user(row.user), row.reason, row.banned_by_id, wire.moment(row.created_at))
