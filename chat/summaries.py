"""Rooms as a user sees them: with their last message and the user's unread counts. The number of queries does not
depend on the number of rooms."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from django.db.models import IntegerField, Model, OuterRef, QuerySet, Subquery

from chat import wire
from chat.eventlog import generations
from chat.models import Membership, Mention, Message, Room

Row = TypeVar("Row", bound=Model)

# The greatest count; clients show "99+" for it.
UNREAD_MAX = 100


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """A list to paginate: its `rows` in order, and the function `told` that converts a page of them."""

    rows: QuerySet[Row]
    told: Callable[[Sequence[Row]], list[wire.Room]]


class Count(Subquery):
    """A subquery's number of rows, which may have a limit."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def summarize_one(*, user_id: UUID, room: Room, membership: Membership | None = None) -> wire.Room:
    """Return one room as the user sees it. `membership` saves a query where it is known."""
    return summarize(user_id=user_id, rooms=[room], memberships=None if membership is None else [membership])[0]


def summarize(
    *, user_id: UUID, rooms: Sequence[Room], memberships: Iterable[Membership] | None = None
) -> list[wire.Room]:
    """Return the rooms as the user sees them, in their order. `memberships` saves a query where they are known."""
    if not rooms:
        return []
    ids = [room.id for room in rooms]
    if memberships is None:
        memberships = Membership.objects.filter(user_id=user_id, room__in=ids)
    own = {row.room_id: row for row in memberships}
    unread = _unread(own.values())
    last, peers = _last_messages(rooms), _peers(user_id, rooms)
    return [_room(room, own.get(room.id), unread, last.get(room.id), peers.get(room.id)) for room in rooms]


def _unread(memberships: Iterable[Membership]) -> dict[UUID, tuple[int, int]]:
    """Return, by room, the number of unread messages of other users, and of those that mention the user."""
    messages = Message.objects.filter(
        room=OuterRef("room"), seq__gt=OuterRef("last_read_seq"), deleted_at=None
    ).exclude(author=OuterRef("user"))
    mentions = Mention.objects.filter(user=OuterRef("user"), room=OuterRef("room"), seq__gt=OuterRef("last_read_seq"))
    counted = Membership.objects.filter(id__in=[row.id for row in memberships]).annotate(
        unread=Count(messages.order_by("seq").values("seq")[:UNREAD_MAX]),
        mentions=Count(mentions.order_by("seq").values("seq")[:UNREAD_MAX]),
    )
    return {room: (unread, named) for room, unread, named in counted.values_list("room", "unread", "mentions")}


def _last_messages(rooms: Sequence[Room]) -> dict[UUID, wire.Message]:
    """Return the last message of each room, up to the head that the caller has read: a user who was removed meanwhile
    must not see later ones."""
    heads = {room.id: room.last_seq for room in rooms}
    said = Message.objects.select_related("author")
    latest = Message.objects.filter(room=OuterRef("pk")).order_by("-seq")
    ids = Room.objects.filter(id__in=heads).annotate(latest=Subquery(latest.values("id")[:1])).values("latest")
    rows: dict[UUID, Message | None] = {row.room_id: row for row in said.filter(id__in=ids)}
    for room_id, row in rows.items():
        if row is not None and row.seq > heads[room_id]:
            rows[room_id] = said.filter(room=room_id, seq__lte=heads[room_id]).order_by("seq").last()
    return {room_id: wire.message(row) for room_id, row in rows.items() if row is not None}


def _peers(user_id: UUID, rooms: Sequence[Room]) -> dict[UUID, wire.User]:
    ids = [room.id for room in rooms if room.kind == Room.Kind.DIRECT]
    if not ids:
        return {}
    rows = Membership.objects.filter(room__in=ids).exclude(user_id=user_id).select_related("user")
    return {row.room_id: wire.user(row.user) for row in rows}


def _room(
    room: Room,
    own: Membership | None,
    unread: dict[UUID, tuple[int, int]],
    last: wire.Message | None,
    peer: wire.User | None,
) -> wire.Room:
    told: dict[str, Any] = msgspec.structs.asdict(wire.facts(room))
    counts = unread.get(room.id, (0, 0)) if own else (None, None)
    return wire.Room(
        **told,
        epoch=generations.epoch_of(room),
        last_seq=room.last_seq,
        last_message=last,
        peer=peer,
        role=own.role if own else None,  # type: ignore[arg-type]  # the column's choices are these
        muted_until=wire.moment(own.muted_until) if own else None,
        last_read_seq=own.last_read_seq if own else None,
        unread_count=counts[0],
        mention_count=counts[1],
    )
