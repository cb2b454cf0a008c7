"""Reactions of members to messages: each member may add each emoji once."""

from collections import Counter
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from chat import permissions, validation, wire
from chat.errors import LimitExceeded
from chat.eventlog import log
from chat.models import Membership, Message, Reaction, Room


def add(*, user_id: UUID, room_id: UUID, message_id: UUID, emoji: str) -> wire.Message:
    """Add a reaction. Repeating it has no effect. Raises Invalid, NotFound, NotAMember, Archived, Muted or
    LimitExceeded."""
    validation.emoji("emoji", emoji, maximum=settings.EMOJI_MAX)
    with transaction.atomic():
        room, membership, message = _at(user_id, room_id, message_id)
        _, created = Reaction.objects.get_or_create(message=message, user_id=user_id, emoji=emoji)
        if created:
            counts = _counts(message) + Counter([emoji])
            if len(counts) > settings.REACTIONS_PER_MESSAGE:
                raise LimitExceeded(f"A message can have at most {settings.REACTIONS_PER_MESSAGE} different reactions.")
            _tell(room, membership, message, "reaction.added", emoji, counts)
    return wire.message(message)


def remove(*, user_id: UUID, room_id: UUID, message_id: UUID, emoji: str) -> wire.Message:
    """Remove the user's own reaction; without one, change nothing. A reaction stored before a rule refused its emoji
    can be removed. Raises Invalid, NotFound, NotAMember, Archived or Muted."""
    validation.text("emoji", emoji, maximum=settings.EMOJI_MAX)
    with transaction.atomic():
        room, membership, message = _at(user_id, room_id, message_id)
        removed, _ = Reaction.objects.filter(message=message, user_id=user_id, emoji=emoji).delete()
        if removed:
            counts = _counts(message)
            counts[emoji] -= 1
            _tell(room, membership, message, "reaction.removed", emoji, counts)
        else:
            validation.emoji("emoji", emoji, maximum=settings.EMOJI_MAX)
    return wire.message(message)


def list_reactions(*, user_id: UUID, room_id: UUID, message_id: UUID) -> QuerySet[Reaction]:
    """Return a message's reactions with their users, oldest first. Raises NotFound."""
    room = permissions.get_readable_room(user_id=user_id, room_id=room_id)
    message = permissions.get_message(room=room, message_id=message_id)
    return Reaction.objects.filter(message=message).select_related("user").order_by("id")


def own(*, user_id: UUID, messages: list[UUID]) -> dict[UUID, list[str]]:
    """Return the user's own reactions to these messages, by message."""
    if not messages:
        return {}
    found: dict[UUID, list[str]] = {}
    rows = Reaction.objects.filter(user_id=user_id, message__in=messages).order_by("id")
    for message_id, emoji in rows.values_list("message_id", "emoji"):
        found.setdefault(message_id, []).append(emoji)
    return found


def _at(user_id: UUID, room_id: UUID, message_id: UUID) -> tuple[Room, Membership, Message]:
    room = log.lock(room_id)
    membership = permissions.require_can_post(user_id=user_id, room=room)
    return room, membership, permissions.get_message(room=room, message_id=message_id, deleted=False)


def _counts(message: Message) -> Counter[str]:
    """Return the number of each emoji, in the order of their first use."""
    return Counter({each["emoji"]: each["count"] for each in message.reactions or ()})


def _tell(room: Room, membership: Membership, message: Message, type: str, emoji: str, counts: Counter[str]) -> None:
    kept = [{"emoji": each, "count": count} for each, count in counts.items() if count > 0]
    message.reactions = kept or None
    message.save(update_fields=["reactions"])
    now = wire.message(message).reactions
    change = wire.ReactionChange(message.id, wire.user(membership.user), emoji, now)
    log.append(room=room, type=type, data=change, message_id=message.id)


def to_wire(row: Reaction) -> wire.Reaction:
    """Return the reaction as clients receive it. `row.user` must be loaded."""
    return wire.Reaction(wire.user(row.user), row.emoji, wire.moment(row.created_at))
