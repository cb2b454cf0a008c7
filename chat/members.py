"""Members: joining, leaving, being added and removed, roles, and mutes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from chat import departures, permissions, summaries, wire
from chat.errors import Forbidden
from chat.eventlog import ephemeral, log
from chat.models import Ban, Membership, Role, Room
from core.errors import Invalid, NotFound, Violation


@dataclass(frozen=True, slots=True)
class Joined:
    """The membership. `created` is False if the user was a member before: nothing changed."""

    member: wire.Member
    created: bool


def join(*, user_id: UUID, room_id: UUID) -> wire.Room:
    """Join a public room. Repeating it has no effect. Raises NotFound or Archived."""
    with transaction.atomic():
        room = log.lock(room_id)
        row = Membership.objects.filter(room=room, user_id=user_id).first()
        if row is None:
            user = _held(user_id)
            if user is None or not permissions.open_rooms(user_id).filter(id=room.id).exists():
                raise NotFound
            permissions.require_not_archived(room)
            return _enter(room, user)[1]
    return summaries.summarize_one(user_id=user_id, room=room, membership=row)


def leave(*, user_id: UUID, room_id: UUID) -> None:
    """Leave a room. Raises NotFound, NotAMember, LastOwner, or Forbidden for a direct room."""
    with transaction.atomic():
        room = log.lock(room_id)
        row = permissions.require_membership(user_id=user_id, room=room)
        if room.kind == Room.Kind.DIRECT:
            raise Forbidden("Members of a direct room cannot leave it.")
        departures.depart(room, row, "left")


def add(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> Joined:
    """Add a user, as an owner or moderator. Raises NotFound, Forbidden, Archived, or Invalid for an unknown or banned
    user."""
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room)
        row = permissions.find_membership(user_id=user_id, room=room)
        if row is not None:
            return Joined(wire.member(row), created=False)
        permissions.require_not_archived(room)
        user = _held(user_id)
        if user is None:
            raise Invalid(Violation("user", "unknown", "This user does not exist."))
        if Ban.objects.filter(room=room, user=user).exists():
            raise Invalid(Violation("user", "banned", "This user is banned from the room."))
        return Joined(_enter(room, user)[0], created=True)


def remove(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> None:
    """Remove a member with a lower role, or the actor. Raises NotFound, Forbidden or LastOwner."""
    if actor_id == user_id:
        return leave(user_id=user_id, room_id=room_id)
    with transaction.atomic():
        room, row = _below(actor_id, room_id, user_id)
        departures.depart(room, row, "removed")
    return None


def list_members(*, user_id: UUID, room_id: UUID) -> QuerySet[Membership]:
    """Return the memberships of a readable room with their users, oldest first. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    return Membership.objects.filter(room=room).select_related("user").order_by("id")


def get(*, user_id: UUID, room_id: UUID, member_id: UUID) -> wire.Member:
    """Return a member of a readable room. Raises NotFound."""
    row = list_members(user_id=user_id, room_id=room_id).filter(user_id=member_id).first()
    if row is None:
        raise NotFound
    return wire.member(row)


# Roles


def change_role(*, actor_id: UUID, room_id: UUID, user_id: UUID, role: str) -> wire.Member:
    """Change a member's role, as an owner. Repeating it has no effect. Raises Invalid, NotFound, NotAMember, Forbidden
    or LastOwner."""
    if role not in Role.values:
        raise Invalid(Violation("role", "invalid", "Must be owner, moderator or member."))
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room, least=Role.OWNER)
        row = _member(room, user_id)
        if role != Role.OWNER:
            departures.keep_an_owner(room, row)
        change(room, row, **_promoted(row, role))
    return wire.member(row)


def transfer(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> wire.Member:
    """Make a member the owner and the actor a moderator. Raises NotFound, NotAMember or Forbidden."""
    with transaction.atomic():
        room = log.lock(room_id)
        own = permissions.require_member_with_role(user_id=actor_id, room=room, least=Role.OWNER)
        heir = _member(room, user_id)
        if heir.user_id != actor_id:
            change(room, heir, **_promoted(heir, Role.OWNER))
            change(room, own, role=Role.MODERATOR)
    return wire.member(heir)


def _promoted(row: Membership, role: str) -> dict[str, str | datetime | None]:
    """Return the changes of a new role. An owner cannot be muted, as no member could unmute them."""
    return {"role": role, "muted_until": None if role == Role.OWNER else row.muted_until}


# Mutes


def mute(*, actor_id: UUID, room_id: UUID, user_id: UUID, until: datetime | None) -> wire.Member:
    """Mute a member with a lower role until a time in the future; None ends the mute. Raises Invalid, NotFound,
    NotAMember or Forbidden."""
    until = until and _in_utc(until)
    if until is not None and until <= timezone.now():
        raise Invalid(Violation("until", "past", "Must be a time in the future."))
    with transaction.atomic():
        room, row = _below(actor_id, room_id, user_id)
        change(room, row, muted_until=until)
    return wire.member(row)


def _in_utc(until: datetime) -> datetime:
    """Return the time in UTC. Raises Invalid."""
    try:
        return until.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(Violation("until", "out_of_range", "Must be between the years 1 and 9999 in UTC.")) from error


def _below(actor_id: UUID, room_id: UUID, user_id: UUID) -> tuple[Room, Membership]:
    """Return the locked room and a member whose role is lower than the actor's. Raises NotFound, NotAMember or
    Forbidden."""
    room = log.lock(room_id)
    own = permissions.require_member_with_role(user_id=actor_id, room=room)
    row = _member(room, user_id)
    permissions.require_outranks(own, row)
    return room, row


def _member(room: Room, user_id: UUID) -> Membership:
    row = permissions.find_membership(user_id=user_id, room=room)
    if row is None:
        raise NotFound
    return row


def _held(user_id: UUID) -> User | None:
    """Return a user, locked until the transaction ends: they cannot be erased meanwhile. None if there is none."""
    return User.objects.select_for_update(no_key=True).filter(id=user_id, is_active=True).first()


def _enter(room: Room, user: User) -> tuple[wire.Member, wire.Room]:
    """Create the membership; return it, and the room as the user sees it. Earlier messages count as read."""
    muted = departures.still_muted(room, user)
    row = Membership.objects.create(room=room, user=user, muted_until=muted, last_read_seq=room.last_seq)
    member = wire.member(row)
    log.append(room=room, type="member.joined", data=member)
    seen = summaries.summarize_one(user_id=user.id, room=room, membership=row)
    ephemeral.added(seen, user.id)
    return member, seen


def change(room: Room, row: Membership, **changes: str | datetime | None) -> None:
    """Change a membership in a room that the caller has locked. Repeating it has no effect."""
    if any(getattr(row, field) != value for field, value in changes.items()):
        for field, value in changes.items():
            setattr(row, field, value)
        row.save(update_fields=list(changes))
        log.append(room=room, type="member.updated", data=wire.member(row))
