"""Changes of messages: edits by the author, deletion by the author, owners and moderators.

The log always shows a message as it is: a change rewrites its earlier events, so that later readers do not receive
removed content. Earlier versions are kept for the author, owners and moderators.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from chat import bulk_sql, mentions, permissions, validation, wire
from chat.errors import Forbidden, LimitExceeded
from chat.eventlog import log
from chat.models import Mention, Message, Reaction, Revision, Room

# Compared as JSON text, because in Python 1 == True.
_exact = msgspec.json.Encoder(order="sorted").encode


def edit(*, actor_id: UUID, room_id: UUID, message_id: UUID, body: str, data: Any = None) -> wire.Message:
    """Edit a message, as its author; the same body and data again have no effect. `data` of None keeps the stored data,
    an empty object clears it. Raises Invalid, NotFound, NotAMember, Forbidden, Archived, Muted or LimitExceeded."""
    validation.text("body", body, maximum=settings.MESSAGE_BODY_MAX)
    validation.data("data", data, maximum=settings.MESSAGE_DATA_MAX_BYTES)
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_can_post(user_id=actor_id, room=room)
        row = permissions.get_message(room=room, message_id=message_id, deleted=False)
        if row.author_id != actor_id:
            raise Forbidden("Only the author may edit a message.")
        if data is None:
            data = row.data
        same = row.body == body and _exact(row.data) == _exact(data)
        return wire.message(row) if same else _say(room, row, body, data)


def _say(room: Room, row: Message, body: str, data: Any) -> wire.Message:
    if Revision.objects.filter(message=row).count() >= settings.EDITS_PER_MESSAGE:
        raise LimitExceeded(f"A message can be edited at most {settings.EDITS_PER_MESSAGE} times.")
    now = timezone.now()
    Revision.objects.create(message=row, body=row.body, data=row.data, replaced_at=now)
    named = mentions.named([(room.id, body)]).of(room.id, body)
    row.body, row.data, row.edited_at = body, data, now
    row.mentions = [str(user_id) for user_id in named] or None
    row.save(update_fields=["body", "data", "mentions", "edited_at"])
    said = wire.message(row)
    Mention.objects.filter(message=row).delete()
    bulk_sql.write(bulk_sql.Change(Mention, mentions.rows([said]), new=True))
    _tell(room, "message.updated", said)
    return said


def delete(*, actor_id: UUID, room_id: UUID, message_id: UUID) -> wire.Message:
    """Replace a message by a tombstone, as its author, an owner or a moderator. Repeating it has no effect. Raises
    NotFound, NotAMember or Forbidden."""
    with transaction.atomic():
        room = log.lock(room_id)
        membership = permissions.require_membership(user_id=actor_id, room=room)
        row = permissions.get_message(room=room, message_id=message_id)
        if row.author_id != actor_id:
            permissions.require_role(room, membership)
        return bury(room, row)


def bury(room: Room, row: Message) -> wire.Message:
    """Remove the content of a message, in a room that the caller has locked."""
    if row.deleted_at is None:
        empty([row.id])
        row.body, row.data, row.mentions, row.reactions, row.deleted_at = "", None, None, None, timezone.now()
        row.save(update_fields=["body", "data", "mentions", "reactions", "deleted_at"])
        _tell(room, "message.deleted", wire.message(row))
    return wire.message(row)


def empty(message_ids: Sequence[UUID]) -> None:
    """Remove what belongs to the content of messages: revisions, reactions, mentions."""
    for model in (Revision, Mention, Reaction):
        model._default_manager.filter(message__in=message_ids).delete()


def revisions(*, user_id: UUID, room_id: UUID, message_id: UUID) -> list[wire.Revision]:
    """Return the earlier versions of a message, oldest first, for its author, owners and moderators. Raises NotFound,
    NotAMember or Forbidden."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    membership = permissions.require_membership(user_id=user_id, room=room)
    row = permissions.get_message(room=room, message_id=message_id)
    if row.author_id != user_id:
        permissions.require_role(room, membership)
    found = Revision.objects.filter(message=row).order_by("id")
    return [wire.Revision(each.body, each.data, wire.moment(each.replaced_at)) for each in found]


def _tell(room: Room, type: str, said: wire.Message) -> None:
    log.retell(said)
    log.append(room=room, type=type, data=said, message_id=said.id)
