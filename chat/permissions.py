"""Who may read and do what in a room. The other modules of chat ask here.

What begins with `require_` or `get_` raises; what begins with `list_` answers for many at once.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet
from django.utils import timezone

from chat import bulk_sql, wire
from chat.errors import Archived, Forbidden, Muted, NotAMember
from chat.eventlog import generations
from chat.eventlog.log import Head
from chat.models import Ban, Membership, Message, Role, Room
from core.errors import NotFound

AnyMember = TypeVar("AnyMember")

_RANKS = {role: rank for rank, role in enumerate(reversed(Role))}


# Seeing


def visible_rooms(user_id: UUID) -> QuerySet[Room]:
    """Return the rooms that the user may read: their own, and public rooms from which they are not banned."""
    return _dated().filter(Q(Exists(_own(user_id))) | _open_to(user_id), deleted_at=None)


def open_rooms(user_id: UUID) -> QuerySet[Room]:
    """Return the public rooms from which the user is not banned."""
    return _dated().filter(_open_to(user_id), deleted_at=None)


def _dated() -> QuerySet[Room]:
    """Return all rooms, each with the current generation."""
    return generations.dated(Room.objects.all())


def _own(user_id: UUID) -> QuerySet[Membership]:
    return Membership.objects.filter(room=OuterRef("pk"), user_id=user_id)


def _open_to(user_id: UUID) -> Q:
    kept_out = Ban.objects.filter(room=OuterRef("pk"), user_id=user_id)
    return Q(~Exists(kept_out), kind=Room.Kind.PUBLIC)


def get_readable_room(*, user_id: UUID, room_id: UUID) -> Room:
    """Return the room. Raises NotFound if it does not exist or the user may not read it: one answer for both."""
    room = visible_rooms(user_id).filter(id=room_id).first()
    if room is None:
        raise NotFound
    return room


def get_message(*, room: Room, message_id: UUID, deleted: bool = True) -> Message:
    """Return a message of the room with its author; a tombstone only if `deleted`. Raises NotFound."""
    found = Message.objects.select_related("author").filter(room=room, id=message_id).first()
    if found is None or (found.deleted_at is not None and not deleted):
        raise NotFound
    return found


def list_positions(asked: Sequence[tuple[UUID, Collection[UUID]]]) -> list[dict[UUID, Head]]:
    """Return, for each (user, rooms), the heads of those rooms that the user may read. Makes at most two queries."""
    room_ids = {room_id for _, wanted in asked for room_id in wanted}
    # One statement, so that a right and the head it was checked at are of one moment.
    own = FilteredRelation("memberships", condition=Q(memberships__user_id__in={user_id for user_id, _ in asked}))
    rows = Room.objects.annotate(own=own).filter(id__in=room_ids, deleted_at=None)
    heads: dict[UUID, Head] = {}
    public: set[UUID] = set()
    members: set[tuple[UUID, UUID]] = set()
    rows = rows.annotate(token=generations.current())
    columns = ("id", "kind", "epoch", "token", "last_seq", "own__user_id")
    for room_id, kind, own_epoch, token, seq, member_id in rows.values_list(*columns):
        heads[room_id] = Head(generations.epoch(own_epoch, token), seq)
        members.add((room_id, member_id))
        if kind == Room.Kind.PUBLIC:
            public.add(room_id)
    # Later than the heads: a ban that is not seen here has an event past them.
    guests = {(room, user_id) for user_id, wanted in asked for room in public.intersection(wanted)} - members
    allowed = members | (guests - banned_pairs(guests))
    return [{room: heads[room] for room in wanted if (room, user_id) in allowed} for user_id, wanted in asked]


def banned_pairs(guests: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Return those of the (room, user) pairs that are banned. Makes one query."""
    if not guests:
        return set()
    rooms, users = {room_id for room_id, _ in guests}, {user_id for _, user_id in guests}
    return set(Ban.objects.filter(room_id__in=rooms, user_id__in=users).values_list("room_id", "user_id"))


def list_readers(*, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the users who may read the room; none if the room is deleted."""
    found = list_positions([(user_id, [room_id]) for user_id in user_ids])
    return {user_id for user_id, heads in zip(user_ids, found, strict=True) if heads}


# Writing


@dataclass(frozen=True, slots=True)
class Author:
    """The member who writes a message, as far as writing needs it."""

    user: wire.User
    role: str
    muted_until: datetime | None


_AUTHORS = """
    SELECT member.room_id, member.user_id, person.username, member.role, member.muted_until
    FROM json_to_recordset(%s) AS given(room_id uuid, user_id uuid)
    JOIN chat_membership AS member ON member.room_id = given.room_id AND member.user_id = given.user_id
    JOIN accounts_user AS person ON person.id = member.user_id
"""


def list_authors(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Author]:
    """Return the members among the (room, user) pairs. Makes one query."""
    found: Iterable[tuple[UUID, UUID, str, str, datetime | None]]
    if bulk_sql.by_hand():
        found = bulk_sql.select(_AUTHORS, [{"room_id": room_id, "user_id": user_id} for room_id, user_id in set(pairs)])
    else:
        users: dict[UUID, set[UUID]] = {}
        for room_id, user_id in pairs:
            users.setdefault(room_id, set()).add(user_id)
        any_of = Q()
        for room_id, user_ids in users.items():
            any_of |= Q(room_id=room_id, user_id__in=user_ids)
        rows = Membership.objects.filter(any_of)
        found = rows.values_list("room_id", "user_id", "user__username", "role", "muted_until")
    return {
        (room_id, user_id): Author(wire.User(user_id, username), role, muted_until)
        for room_id, user_id, username, role, muted_until in found
    }


def find_membership(*, user_id: UUID, room: Room) -> Membership | None:
    """Return the user's membership with its user, or None."""
    return Membership.objects.select_related("user").filter(room=room, user_id=user_id).first()


def require_membership(*, user_id: UUID, room: Room) -> Membership:
    """Return the user's membership with its user. Raises NotAMember or NotFound, as `require_member` does."""
    return require_member(room, user_id, find_membership(user_id=user_id, room=room))


def require_member(
    room: Room, user_id: UUID, membership: AnyMember | None, banned: Collection[tuple[UUID, UUID]] | None = None
) -> AnyMember:
    """Return `membership` if it is not None.

    Raises NotAMember if the user could join this public room, NotFound otherwise. `banned` saves a query where the
    caller already has the banned pairs.
    """
    if membership is not None:
        return membership
    guest = (room.id, user_id)
    if room.kind == Room.Kind.PUBLIC and guest not in (banned_pairs([guest]) if banned is None else banned):
        raise NotAMember
    raise NotFound


def require_not_archived(room: Room) -> None:
    """Raise Archived if the room is archived."""
    if room.archived_at is not None:
        raise Archived


def require_not_muted(membership: Author | Membership) -> None:
    """Raise Muted if the member is muted now."""
    if membership.muted_until is not None:
        seconds = (membership.muted_until - timezone.now()).total_seconds()
        if seconds > 0:
            raise Muted(seconds)


def require_can_post(*, user_id: UUID, room: Room) -> Membership:
    """Return the membership of a user who may write in the room now.

    Raises NotAMember, NotFound, Archived or Muted.
    """
    membership = require_membership(user_id=user_id, room=room)
    require_not_archived(room)
    require_not_muted(membership)
    return membership


# Managing


def has_role(least: str, membership: Author | Membership) -> bool:
    """Whether the member's role is at least `least`."""
    return _RANKS[Role(membership.role)] >= _RANKS[Role(least)]


def require_role(room: Room, membership: Membership, least: str = Role.MODERATOR) -> None:
    """Raise Forbidden if the member's role is lower than `least`, and always in a direct room."""
    if room.kind == Room.Kind.DIRECT or not has_role(least, membership):
        raise Forbidden


def require_member_with_role(*, user_id: UUID, room: Room, least: str = Role.MODERATOR) -> Membership:
    """Return the membership of a user whose role is at least `least`. Raises NotAMember, NotFound or Forbidden."""
    membership = require_membership(user_id=user_id, room=room)
    require_role(room, membership, least)
    return membership


def require_outranks(membership: Membership, other: Membership) -> None:
    """Raise Forbidden unless the first member has a higher role than the second."""
    if _RANKS[Role(membership.role)] <= _RANKS[Role(other.role)]:
        raise Forbidden
