"""Mentions: who is named by `@username` in a message, and where somebody has been."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from chat import bulk_sql, mention_names, permissions, wire
from chat.models import Membership, Mention


class Named:
    """Which members are named by which words, of some rooms."""

    def __init__(self, members: dict[tuple[UUID, str], UUID]) -> None:
        self._members = members

    def of(self, room_id: UUID, body: str) -> list[UUID]:
        """Each once, in the order of the text, up to MENTIONS_PER_MESSAGE."""
        found: dict[UUID, None] = {}
        for words in mention_names.candidates(body):
            named = (self._members.get((room_id, word.lower())) for word in words)
            user_id = next(filter(None, named), None)
            if user_id is not None:
                found[user_id] = None
        return list(found)[: settings.MENTIONS_PER_MESSAGE]


_NOBODY = Named({})


def named(bodies: Iterable[tuple[UUID, str]]) -> Named:
    """Of all members that these texts, each of a room, may name; by one query, or by none if they name nobody."""
    wanted: dict[UUID, set[str]] = {}
    for room_id, body in bodies:
        # Also as it is written: not every database knows the small form of every letter.
        forms = (form for words in mention_names.candidates(body) for word in words for form in (word, word.lower()))
        wanted.setdefault(room_id, set()).update(forms)
    any_of = Q()
    for room_id, words in wanted.items():
        if words:
            any_of |= Q(room_id=room_id, called__in=words)
    if not any_of:
        return _NOBODY
    rows = Membership.objects.annotate(called=Lower("user__username")).filter(any_of)
    found = rows.values_list("room_id", "user__username", "user_id")
    return Named({(room_id, username.lower()): user_id for room_id, username, user_id in found})


def rows(messages: Sequence[wire.Message]) -> list[bulk_sql.Row]:
    """Of those whom these name. (Who names themselves need not be told.)"""
    return [
        {"message_id": said.id, "user_id": user_id, "room_id": said.room, "seq": said.seq}
        for said in messages
        for user_id in said.mentions
        if user_id != said.author.id
    ]


def list_mentions(*, user_id: UUID) -> QuerySet[Mention]:
    """Where somebody was named, in rooms they may read, with the messages and their authors, the latest first; for a
    page of `told`."""
    visible = permissions.visible_rooms(user_id).values("id")
    found = Mention.objects.filter(user_id=user_id, room__in=visible).select_related("message__author")
    return found.order_by("-message_id")


def to_wire(row: Mention) -> wire.Message:
    """`row.message` must be loaded, with its author."""
    return wire.message(row.message)
