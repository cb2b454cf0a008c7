"""Purging deleted rooms: removes their rows in small steps, each a transaction of its own, because a room may hold
years of messages. If the process dies, the next `resume` continues."""

from uuid import UUID

from django.db import models, transaction

from chat import edits
from chat.models import Ban, Event, Membership, Message, Mute, Room

_AT_ONCE = 500


def resume() -> int:
    """Remove the rows of all deleted rooms, and return the number of rooms. Two processes may do so at once."""
    gone = list(Room.objects.exclude(deleted_at=None).values_list("id", flat=True))
    for room_id in gone:
        _clear(room_id)
    return len(gone)


def _clear(room_id: UUID) -> None:
    for model in (Event, Message, Membership, Mute, Ban):
        while _some(model, room_id):
            pass
    Room.objects.filter(id=room_id).delete()


@transaction.atomic
def _some(model: type[models.Model], room_id: UUID) -> bool:
    """Remove some messages, the latest first, because no reply refers to the last message. Return whether there were
    any."""
    Room.objects.select_for_update().filter(id=room_id).first()  # so that two processes take turns
    rows = model._default_manager.filter(room=room_id).order_by("-pk")
    some = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
    if model is Message:
        edits.empty(some)
    model._default_manager.filter(pk__in=some).delete()
    return bool(some)
