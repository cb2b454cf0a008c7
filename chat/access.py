"""Who may see and do what in a room. Every other module of chat asks here."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from chat.errors import Forbidden, NotAMember, NotFound
from chat.log import Head
from chat.models import Membership, Room

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


def positions(*, user_id: UUID, room_ids: Collection[UUID]) -> dict[UUID, Head]:
    """Where those of these rooms stand that somebody may read, by one query."""
    rows = visible(user_id).filter(id__in=room_ids).values_list("id", "epoch", "last_seq")
    return {room_id: Head(epoch, seq) for room_id, epoch, seq in rows}


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
    row = Membership.objects.select_related("user").filter(room=room, user_id=user_id).first()
    if row is None:
        raise NotAMember if room.kind == Room.Kind.PUBLIC else NotFound
    return row


def managed(*, user_id: UUID, room: Room) -> None:
    """Nothing, if somebody may manage this room's members. Raises Forbidden, or as `membership` does."""
    if membership(user_id=user_id, room=room).role not in _MANAGERS:
        raise Forbidden
