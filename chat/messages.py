"""Messages: sending them once, and reading them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import Invalid, Violation
from chat import access, inputs, log, wire
from chat.errors import NotFound
from chat.models import Membership, Message, Room


@dataclass(frozen=True, slots=True)
class Sent:
    """`created` is False when this `client_ref` had been sent before: `message` is then the stored one."""

    message: wire.Message
    created: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, oldest first, and whether there may be more on either side."""

    messages: Sequence[wire.Message]
    older: bool
    newer: bool


def send(
    *,
    author_id: UUID,
    room_id: UUID,
    body: str,
    client_ref: str | None = None,
    reply_to: UUID | None = None,
    data: Any = None,
) -> Sent:
    """Store a message and tell the room. The same `client_ref` from the same author in the same room is the same
    message, however often and through whatever door it comes. Raises Invalid, NotFound or NotAMember."""
    inputs.text("body", body, maximum=settings.MESSAGE_BODY_MAX)
    inputs.data("data", data, maximum=settings.MESSAGE_DATA_MAX_BYTES)
    if client_ref is not None:
        inputs.text("client_ref", client_ref, maximum=settings.CLIENT_REF_MAX)
    with transaction.atomic():
        room = log.lock(room_id)
        member = access.membership(user_id=author_id, room=room)
        stored = _stored(room, member, client_ref)
        if stored is not None:
            return Sent(wire.message(stored), created=False)
        message = _store(room, member, body=body, client_ref=client_ref, reply_to=reply_to, data=data)
        said = wire.message(message)
        log.append(room=room, type="message.created", data=said, message=message)
    return Sent(said, created=True)


def _stored(room: Room, member: Membership, client_ref: str | None) -> Message | None:
    if client_ref is None:
        return None
    sent = Message.objects.filter(room=room, author_id=member.user_id, client_ref=client_ref)
    return sent.select_related("author").first()


def _store(
    room: Room, member: Membership, *, body: str, client_ref: str | None, reply_to: UUID | None, data: Any
) -> Message:
    if reply_to is not None and not Message.objects.filter(room=room, id=reply_to).exists():
        raise Invalid(Violation("reply_to", "unknown", "There is no such message in this room."))
    return Message.objects.create(
        room=room,
        author=member.user,
        seq=room.last_seq + 1,
        body=body,
        data=data,
        client_ref=client_ref,
        reply_to_id=reply_to,
        created_at=timezone.now(),
    )


def get(*, user_id: UUID, room_id: UUID, message_id: UUID) -> wire.Message:
    """One message of a room somebody may read. Raises NotFound."""
    room = access.readable(user_id=user_id, room_id=room_id)
    message = Message.objects.select_related("author").filter(room=room, id=message_id).first()
    if message is None:
        raise NotFound
    return wire.message(message)


def page(
    *, user_id: UUID, room_id: UUID, before_seq: int | None = None, after_seq: int | None = None, limit: int
) -> Page:
    """Up to `limit` messages: the latest; those just before a `seq`; or those just after one. Raises NotFound."""
    room = access.readable(user_id=user_id, room_id=room_id)
    found = Message.objects.select_related("author").filter(room=room)
    if before_seq is not None:
        found = found.filter(seq__lt=before_seq)
    if after_seq is not None:
        rows = list(found.filter(seq__gt=after_seq).order_by("seq")[: limit + 1])
        more, rows = len(rows) > limit, rows[:limit]
        return Page([wire.message(row) for row in rows], older=after_seq > 0, newer=more or before_seq is not None)
    rows = list(found.order_by("-seq")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return Page([wire.message(row) for row in reversed(rows)], older=more, newer=before_seq is not None)
