"""Messages: sending them once, and reading them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from chat import permissions, reactions, wire
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft, Sent
from chat.group_commit.writer import Writer
from chat.models import Message
from core.errors import NotFound, RoomwireError


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, oldest first; the user's own reactions; and whether there are more before and after."""

    messages: Sequence[wire.Message]
    own_reactions: dict[UUID, list[str]]
    older: bool
    newer: bool


writer = Writer(drafts.store, lane=lambda draft: draft.room_id, capacity=settings.WRITER_QUEUE_MAX)


def send(
    *,
    author_id: UUID,
    room_id: UUID,
    body: str,
    client_ref: str | None = None,
    reply_to: UUID | None = None,
    data: Any = None,
) -> Sent:
    """Store a message and publish it.

    The same `client_ref` of the same author in the same room is the same message, however often it is sent. Inside a
    transaction of the caller the message is part of that; otherwise it shares one with other messages. Raises Invalid,
    NotFound, NotAMember, Archived, Muted or Overloaded.
    """
    draft = Draft(author_id, room_id, body, client_ref, reply_to, data)
    draft.check()
    if transaction.get_autocommit():
        return writer.write(draft)
    with transaction.atomic():
        outcome = drafts.store([draft])[0]
    if isinstance(outcome, RoomwireError):
        raise outcome
    return outcome


def submit(draft: Draft, answer: Callable[[Sent | RoomwireError], None]) -> None:
    """Send without waiting: `answer` is called on another thread. Raises Invalid or Overloaded."""
    draft.check()
    writer.put(draft, answer)


def get(*, user_id: UUID, room_id: UUID, message_id: UUID) -> wire.Message:
    """Return a message of a readable room. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    return wire.message(permissions.get_message(room=room, message_id=message_id))


def page(
    *,
    user_id: UUID,
    room_id: UUID,
    reply_to: UUID | None = None,
    before_seq: int | None = None,
    after_seq: int | None = None,
    limit: int,
) -> Page:
    """Return up to `limit` messages of a room, or of the replies to one of its messages: the latest ones, those before
    a `seq`, or those after one. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    # Not beyond the head at which the right to read was checked.
    found = Message.objects.select_related("author").filter(room=room, seq__lte=room.last_seq)
    if reply_to is not None:
        if not found.filter(id=reply_to).exists():
            raise NotFound
        found = found.filter(reply_to=reply_to)
    if before_seq is not None:
        found = found.filter(seq__lt=before_seq)
    if after_seq is not None:
        rows = list(found.filter(seq__gt=after_seq).order_by("seq")[: limit + 1])
        return _page(user_id, rows[:limit], older=after_seq > 0, newer=len(rows) > limit or before_seq is not None)
    rows = list(found.order_by("-seq")[: limit + 1])
    return _page(user_id, rows[:limit][::-1], older=len(rows) > limit, newer=before_seq is not None)


def _page(user_id: UUID, rows: Sequence[Message], *, older: bool, newer: bool) -> Page:
    own = reactions.own(user_id=user_id, messages=[row.id for row in rows if row.reactions])
    return Page([wire.message(row) for row in rows], own, older=older, newer=newer)
