"""Members: joining, leaving, being added and removed, and how far each has read."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.errors import Invalid, NotFound, Violation
from accounts.models import User
from chat import access, log, wire
from chat.errors import LastOwner
from chat.models import Membership, Room


@dataclass(frozen=True, slots=True)
class Joined:
    """`created` is False for somebody who was a member already: nothing happened then."""

    member: wire.Member
    created: bool


def join(*, user_id: UUID, room_id: UUID) -> wire.Room:
    """Enter a public room; entering twice is entering once. Raises NotFound."""
    with transaction.atomic():
        room = log.lock(room_id)
        row = Membership.objects.filter(room=room, user_id=user_id).first()
        if row is None:
            user = _held(user_id)
            if room.kind != Room.Kind.PUBLIC or user is None:
                raise NotFound
            row = _enter(room, user)
    return wire.room(room, row)


def leave(*, user_id: UUID, room_id: UUID) -> None:
    """Raises NotFound, NotAMember or LastOwner."""
    with transaction.atomic():
        room = log.lock(room_id)
        _depart(room, access.membership(user_id=user_id, room=room), "left")


def add(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> Joined:
    """Bring somebody in, as an owner or moderator. Raises NotFound, Forbidden, or Invalid for an unknown user."""
    with transaction.atomic():
        room = log.lock(room_id)
        access.managed(user_id=actor_id, room=room)
        row = Membership.objects.select_related("user").filter(room=room, user_id=user_id).first()
        if row is not None:
            return Joined(wire.member(row), created=False)
        user = _held(user_id)
        if user is None:
            raise Invalid(Violation("user", "unknown", "There is no such user."))
        return Joined(wire.member(_enter(room, user)), created=True)


def remove(*, actor_id: UUID, room_id: UUID, user_id: UUID) -> None:
    """Take somebody out, as an owner or moderator; or oneself. Raises NotFound, Forbidden or LastOwner."""
    if actor_id == user_id:
        return leave(user_id=user_id, room_id=room_id)
    with transaction.atomic():
        room = log.lock(room_id)
        access.managed(user_id=actor_id, room=room)
        row = Membership.objects.select_related("user").filter(room=room, user_id=user_id).first()
        if row is None:
            raise NotFound
        _depart(room, row, "removed")
    return None


def of(*, user_id: UUID, room_id: UUID) -> QuerySet[Membership]:
    """A readable room's memberships with their users, oldest first, for a page of `wire.member`s. Raises NotFound."""
    room = access.readable(user_id=user_id, room_id=room_id)
    return Membership.objects.filter(room=room).select_related("user").order_by("id")


def read(*, user_id: UUID, room_id: UUID, seq: int) -> wire.ReadMarker:
    """Say how far one has read. A marker never moves back. Raises Invalid past the head, NotFound, NotAMember."""
    room = access.readable(user_id=user_id, room_id=room_id)
    row = access.membership(user_id=user_id, room=room)
    if not 0 <= seq <= room.last_seq:
        raise Invalid(Violation("seq", "out_of_range", f"Between 0 and the room's last seq, {room.last_seq}."))
    Membership.objects.filter(id=row.id, last_read_seq__lt=seq).update(last_read_seq=seq)
    return wire.ReadMarker(room.id, max(seq, row.last_read_seq))


def _held(user_id: UUID) -> User | None:
    """Somebody who is there, and stays until the transaction ends: they can't be erased meanwhile."""
    return User.objects.select_for_update(no_key=True).filter(id=user_id, is_active=True).first()


def _enter(room: Room, user: User) -> Membership:
    row = Membership.objects.create(room=room, user=user)
    log.append(room=room, type="member.joined", data=wire.member(row))
    return row


def _depart(room: Room, row: Membership, reason: str) -> None:
    owners = Membership.objects.filter(room=room, role=Membership.Role.OWNER)
    if row.role == Membership.Role.OWNER and owners.count() == 1:
        raise LastOwner
    row.delete()
    user = wire.User(row.user_id, row.user.username)
    log.append(room=room, type="member.left", data={"user": user, "reason": reason})
