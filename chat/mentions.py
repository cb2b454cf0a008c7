"""Mentions: the members that messages name by `@username`, and the messages that mention a user."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from chat import bulk_sql, mention_names, permissions, wire
from chat.models import Membership, Mention


class Named:
    """The members that words name, in some rooms."""

    def __init__(self, members: dict[tuple[UUID, str], UUID]) -> None:
        self._members = members

    def of(self, room_id: UUID, body: str) -> list[UUID]:
        """Return the mentioned members, each once, in the order of the text, at most MENTIONS_PER_MESSAGE."""
        found: dict[UUID, None] = {}
        for words in mention_names.candidates(body):
            named = (self._members.get((room_id, word.lower())) for word in words)
            user_id = next(filter(None, named), None)
            if user_id is not None:
                found[user_id] = None
        return list(found)[: settings.MENTIONS_PER_MESSAGE]


_NOBODY = Named({})


def named(bodies: Iterable[tuple[UUID, str]]) -> Named:
    """Return the members that these texts of rooms may name. Makes one query, or none if no text names any."""
    wanted: dict[UUID, set[str]] = {}
    for room_id, body in bodies:
        # Also as it is written: databases differ in which letters have a lower case.
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
    """Return the rows of the messages' mentions, except of authors who mention themselves."""
    return [
        {"message_id": said.id, "user_id": user_id, "room_id": said.room, "seq": said.seq}
        for said in messages
        for user_id in said.mentions
        if user_id != said.author.id
    ]


def list_mentions(*, user_id: UUID) -> QuerySet[Mention]:
    """Return the user's mentions in rooms they may read, with messages and authors, the most recent first."""
    visible = permissions.visible_rooms(user_id).values("id")
    found = Mention.objects.filter(user_id=user_id, room__in=visible).select_related("message__author")
    return found.order_by("-message_id")


def to_wire(row: Mention) -> wire.Message:
    """Return the message as clients receive it. `row.message` must be loaded, with its author."""
    return wire.message(row.message)
