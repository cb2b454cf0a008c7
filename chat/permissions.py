"""Who may see and do what in a room. Every other module of chat asks here."""

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

Standing = TypeVar("Standing")

_RANKS = {role: rank for rank, role in enumerate(reversed(Role))}


# Seeing


def visible(user_id: UUID) -> QuerySet[Room]:
    """The rooms somebody may read: the public ones that don't keep them out, and those they are a member of."""
    return _dated().filter(Q(Exists(_own(user_id))) | _open_to(user_id), deleted_at=None)


def open_to(user_id: UUID) -> QuerySet[Room]:
    """The public rooms that somebody may enter, or is in."""
    return _dated().filter(_open_to(user_id), deleted_at=None)


def _dated() -> QuerySet[Room]:
    """Each is read with its generation."""
    return generations.dated(Room.objects.all())


def _own(user_id: UUID) -> QuerySet[Membership]:
    return Membership.objects.filter(room=OuterRef("pk"), user_id=user_id)


def _open_to(user_id: UUID) -> Q:
    kept_out = Ban.objects.filter(room=OuterRef("pk"), user_id=user_id)
    return Q(~Exists(kept_out), kind=Room.Kind.PUBLIC)


def readable(*, user_id: UUID, room_id: UUID) -> Room:
    """The room. Raises NotFound, the same for a room that is not and one that is somebody else's."""
    room = visible(user_id).filter(id=room_id).first()
    if room is None:
        raise NotFound
    return room


def message(*, room: Room, message_id: UUID, deleted: bool = True) -> Message:
    """One of a room's, with its author; also one that was `deleted`, unless said otherwise. Raises NotFound."""
    found = Message.objects.select_related("author").filter(room=room, id=message_id).first()
    if found is None or (found.deleted_at is not None and not deleted):
        raise NotFound
    return found


def positions(asked: Sequence[tuple[UUID, Collection[UUID]]]) -> list[dict[UUID, Head]]:
    """For each (user, rooms): where those of the rooms stand that the user may read. Two queries for all, at most."""
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
    allowed = members | (guests - kept_out(guests))
    return [{room: heads[room] for room in wanted if (room, user_id) in allowed} for user_id, wanted in asked]


def kept_out(guests: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of these (room, user) who are banned, by one query."""
    if not guests:
        return set()
    rooms, users = {room_id for room_id, _ in guests}, {user_id for _, user_id in guests}
    return set(Ban.objects.filter(room_id__in=rooms, user_id__in=users).values_list("room_id", "user_id"))


def readers(*, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of these users who may read the room: nobody, if it is gone."""
    found = positions([(user_id, [room_id]) for user_id in user_ids])
    return {user_id for user_id, heads in zip(user_ids, found, strict=True) if heads}


# Writing


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who is a member of the room they write in."""

    user: wire.User
    role: str
    muted_until: datetime | None


_AUTHORS = """
    SELECT member.room_id, member.user_id, person.username, member.role, member.muted_until
    FROM json_to_recordset(%s) AS given(room_id uuid, user_id uuid)
    JOIN chat_membership AS member ON member.room_id = given.room_id AND member.user_id = given.user_id
    JOIN accounts_user AS person ON person.id = member.user_id
"""


def authors(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Author]:
    """Those of these (room, user) who are members there, by one query."""
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


def member(*, user_id: UUID, room: Room) -> Membership | None:
    """Somebody's membership, with their user, if they have one."""
    return Membership.objects.select_related("user").filter(room=room, user_id=user_id).first()


def membership(*, user_id: UUID, room: Room) -> Membership:
    """The same of somebody who must have one. Raises as `admitted` does."""
    return admitted(room, user_id, member(user_id=user_id, room=room))


def admitted(
    room: Room, user_id: UUID, standing: Standing | None, banned: Collection[tuple[UUID, UUID]] | None = None
) -> Standing:
    """What somebody is in a room, if they are anything; with those `kept_out`, if that is known. Raises NotAMember in a
    public room that they may enter, NotFound else."""
    if standing is not None:
        return standing
    guest = (room.id, user_id)
    if room.kind == Room.Kind.PUBLIC and guest not in (kept_out([guest]) if banned is None else banned):
        raise NotAMember
    raise NotFound


def in_use(room: Room) -> None:
    """Raises Archived for a room that takes nothing new."""
    if room.archived_at is not None:
        raise Archived


def heard(standing: Author | Membership) -> None:
    """Raises Muted for somebody who may not be heard now."""
    if standing.muted_until is not None:
        seconds = (standing.muted_until - timezone.now()).total_seconds()
        if seconds > 0:
            raise Muted(seconds)


def speaking(*, user_id: UUID, room: Room) -> Membership:
    """The membership of somebody who may add to this room now. Raises Archived, Muted, or as `membership` does."""
    standing = membership(user_id=user_id, room=room)
    in_use(room)
    heard(standing)
    return standing


# Managing


def at_least(least: str, standing: Author | Membership) -> bool:
    return _RANKS[Role(standing.role)] >= _RANKS[Role(least)]


def keeping_order(room: Room, standing: Membership, least: str = Role.MODERATOR) -> None:
    """Raises Forbidden for somebody whose role is less than this. Nobody keeps order in a direct room."""
    if room.kind == Room.Kind.DIRECT or not at_least(least, standing):
        raise Forbidden


def managing(*, user_id: UUID, room: Room, least: str = Role.MODERATOR) -> Membership:
    """The membership of somebody who keeps order. Raises Forbidden, or as `membership` does."""
    standing = membership(user_id=user_id, room=room)
    keeping_order(room, standing, least)
    return standing


def above(standing: Membership, other: Membership) -> None:
    """Raises Forbidden unless the first stands above the second."""
    if _RANKS[Role(standing.role)] <= _RANKS[Role(other.role)]:
        raise Forbidden
