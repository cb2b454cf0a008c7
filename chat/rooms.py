"""Rooms: opening, looking at and listing them."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.errors import Invalid, Violation
from chat import access, inputs, wire
from chat.models import Membership, Room

_CREATABLE = (Room.Kind.PUBLIC, Room.Kind.PRIVATE)


def create(*, creator_id: UUID, name: str, kind: str) -> wire.Room:
    """A room owned by its creator. Its log begins empty: nobody can have been there before. Raises Invalid."""
    name = inputs.text("name", name, maximum=settings.ROOM_NAME_MAX)
    if kind not in _CREATABLE:
        raise Invalid(Violation("kind", "invalid", "A room is created public or private."))
    with transaction.atomic():
        room = Room.objects.create(name=name, kind=kind, created_by_id=creator_id)
        owner = Membership.objects.create(room=room, user_id=creator_id, role=Membership.Role.OWNER)
    return wire.room(room, owner)


def get(*, user_id: UUID, room_id: UUID) -> wire.Room:
    """A room somebody may read, as they see it. Raises NotFound."""
    room = access.readable(user_id=user_id, room_id=room_id)
    return wire.room(room, Membership.objects.filter(room=room, user_id=user_id).first())


def mine(*, user_id: UUID) -> QuerySet[Membership]:
    """Somebody's memberships, each with its room, for a page of `wire.room`s, newest first."""
    return Membership.objects.filter(user_id=user_id).select_related("room").order_by("-id")
