"""Who may see and do what in a room. Every other module of chat asks here."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, FilteredRelation, OuterRef, Q, QuerySet

from accounts.errors import NotFound
from chat import bulk, wire
from chat.errors import Forbidden, NotAMember
from chat.log import Head
from chat.models import Membership, Room

Standing = TypeVar("Standing")

_MANAGERS = (Membership.Role.OWNER, Membership.Role.MODERATOR)


def visible(user_id: UUID) -> QuerySet[Room]:
    """The rooms somebody may read: the public ones, and those they are a member of."""
    own = Membership.objects.filter(room=OuterRef("pk"), user_id=user_id)
    return Room.objects.filter(Q(kind=Room.Kind.PUBLIC) | Exists(own))


def readable(*, user_id: UUID, room_id: UUID) -> Room:
    """The room. Raises NotFound, the same for a room that is not and one that is somebody else's."""
    room = visible(user_id).filter(id=room_id).first()
    if room is None:
        raise NotFound
    return room


def positions(asked: Sequence[tuple[UUID, Collection[UUID]]]) -> list[dict[UUID, Head]]:
    """For each (user, rooms): where those of the rooms stand that the user may read. One query for all."""
    room_ids = {room_id for _, wanted in asked for room_id in wanted}
    # One statement, so that a right and the head it was checked at are of one moment.
    own = FilteredRelation("memberships", condition=Q(memberships__user_id__in={user_id for user_id, _ in asked}))
    rows = Room.objects.annotate(own=own).filter(id__in=room_ids)
    heads: dict[UUID, Head] = {}
    public: set[UUID] = set()
    members: set[tuple[UUID, UUID]] = set()
    for room_id, kind, epoch, seq, member_id in rows.values_list("id", "kind", "epoch", "last_seq", "own__user_id"):
        heads[room_id] = Head(epoch, seq)
        members.add((room_id, member_id))
        if kind == Room.Kind.PUBLIC:
            public.add(room_id)
    return [
        {room: heads[room] for room in wanted if room in heads and (room in public or (room, user_id) in members)}
        for user_id, wanted in asked
    ]


def readers(*, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
    """Those of these users who may read the room: nobody, if it is gone."""
    room = Room.objects.filter(id=room_id).first()
    if room is None:
        return set()
    if room.kind == Room.Kind.PUBLIC:
        return set(user_ids)
    return set(Membership.objects.filter(room=room, user_id__in=user_ids).values_list("user_id", flat=True))


def membership(*, user_id: UUID, room: Room) -> Membership:
    """Somebody's membership, with their user. Raises NotAMember in a public room, NotFound in another."""
    return admitted(room, Membership.objects.select_related("user").filter(room=room, user_id=user_id).first())


_AUTHORS = """
    SELECT member.room_id, member.user_id, person.username
    FROM json_to_recordset(%s) AS given(room_id uuid, user_id uuid)
    JOIN chat_membership AS member ON member.room_id = given.room_id AND member.user_id = given.user_id
    JOIN accounts_user AS person ON person.id = member.user_id
"""


def authors(pairs: Iterable[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], wire.User]:
    """Those of these (room, user) who may write there, by one query."""
    if bulk.by_hand():
        rows = bulk.select(_AUTHORS, [{"room_id": room_id, "user_id": user_id} for room_id, user_id in set(pairs)])
        return {(room_id, user_id): wire.User(user_id, username) for room_id, user_id, username in rows}
    users: dict[UUID, set[UUID]] = {}
    for room_id, user_id in pairs:
        users.setdefault(room_id, set()).add(user_id)
    any_of = Q()
    for room_id, user_ids in users.items():
        any_of |= Q(room_id=room_id, user_id__in=user_ids)
    found = Membership.objects.filter(any_of).values_list("room_id", "user_id", "user__username")
    return {(room_id, user_id): wire.User(user_id, username) for room_id, user_id, username in found}


def admitted(room: Room, standing: Standing | None) -> Standing:
    """What somebody is in a room, if they are anything. Raises NotAMember in a public room, NotFound in another."""
    if standing is None:
        raise NotAMember if room.kind == Room.Kind.PUBLIC else NotFound
    return standing


def managed(*, user_id: UUID, room: Room) -> None:
    """Nothing, if somebody may manage this room's members. Raises Forbidden, or as `membership` does."""
    if membership(user_id=user_id, room=room).role not in _MANAGERS:
        raise Forbidden
