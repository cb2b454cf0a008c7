"""Rooms: creation, reading, listing and changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from chat import permissions, summaries, validation, wire
from chat.eventlog import ephemeral, log
from chat.models import Membership, Role, Room
from chat.summaries import Listing
from core.errors import Invalid, Violation

# Words of a search; further ones are ignored.
_WORDS = 10
_CREATABLE = (Room.Kind.PUBLIC, Room.Kind.PRIVATE)


@dataclass(frozen=True, slots=True)
class Opened:
    """A direct room. `created` is False if it existed before."""

    room: wire.Room
    created: bool


def create(*, creator_id: UUID, name: str, kind: str, topic: str = "") -> wire.Room:
    """Create a room owned by its creator. Its log begins empty. Raises Invalid."""
    if kind not in _CREATABLE:
        raise Invalid(Violation("kind", "invalid", "Must be public or private."))
    room = Room(kind=kind, name=_name(name), topic=_topic(topic), created_by_id=creator_id)
    with transaction.atomic():
        room.save(force_insert=True)
        owner = Membership.objects.create(room=room, user_id=creator_id, role=Role.OWNER)
        opened = summaries.summarize_one(user_id=creator_id, room=room, membership=owner)
        ephemeral.added(opened, creator_id)
    return opened


def direct(*, user_id: UUID, peer_id: UUID) -> Opened:
    """Return the direct room of two users, creating it if needed. They can neither leave it nor add others. Raises
    Invalid for an unknown peer."""
    pair = ":".join(sorted(each.hex for each in (user_id, peer_id)))
    created = False
    room = Room.objects.filter(pair=pair).first()
    if room is None:
        try:
            room, created = _open_direct(pair, user_id, peer_id), True
        except IntegrityError:  # the other user was faster
            room = Room.objects.get(pair=pair)
    return Opened(summaries.summarize_one(user_id=user_id, room=room), created)


@transaction.atomic
def _open_direct(pair: str, user_id: UUID, peer_id: UUID) -> Room:
    users = User.objects.select_for_update(no_key=True).filter(id__in={user_id, peer_id}, is_active=True).order_by("id")
    if len(users) != 2:
        raise Invalid(Violation("user", "unknown", "Must be an existing user other than yourself."))
    room = Room.objects.create(kind=Room.Kind.DIRECT, pair=pair, custom_events=Role.MEMBER, created_by_id=user_id)
    Membership.objects.bulk_create(Membership(room=room, user=user) for user in users)
    for user in users:
        ephemeral.added(summaries.summarize_one(user_id=user.id, room=room), user.id)
    return room


# Reading


def get(*, user_id: UUID, room_id: UUID) -> wire.Room:
    """Return a room that the user may read, as they see it. Raises NotFound."""
    return summaries.summarize_one(
        user_id=user_id, room=permissions.get_readable_room(user_id=user_id, room_id=room_id)
    )


def list_rooms(*, user_id: UUID) -> Listing[Membership]:
    """Return the user's rooms, the most recently active first."""
    rows = Membership.objects.filter(user_id=user_id, room__deleted_at=None).select_related("room")
    rows = rows.annotate(active_at=F("room__active_at")).order_by("-active_at", "-id")

    def told(page: Sequence[Membership]) -> list[wire.Room]:
        return summaries.summarize(user_id=user_id, rooms=[row.room for row in page], memberships=page)

    return Listing(rows, told)


def list_public_rooms(*, user_id: UUID, search: str = "") -> Listing[Room]:
    """Return the public rooms that the user may join or is in, newest first; with `search`, those with all of its words
    in their name or topic. Raises Invalid."""
    rows = permissions.open_rooms(user_id).filter(archived_at=None)
    for word in validation.line("search", search.strip(), maximum=settings.ROOM_TOPIC_MAX).split()[:_WORDS]:
        rows = rows.filter(Q(name__icontains=word) | Q(topic__icontains=word))

    def told(page: Sequence[Room]) -> list[wire.Room]:
        return summaries.summarize(user_id=user_id, rooms=page)

    return Listing(rows.order_by("-id"), told)


def ids(*, user_id: UUID) -> list[UUID]:
    """Return the ids of all rooms of the user."""
    return list(Membership.objects.filter(user_id=user_id, room__deleted_at=None).values_list("room", flat=True))


def liveliest(*, room_ids: Collection[UUID], limit: int) -> list[UUID]:
    """Return the most recently active of these rooms, the latest first."""
    rows = Room.objects.filter(id__in=room_ids, deleted_at=None).order_by("-active_at", "-id")
    return list(rows.values_list("id", flat=True)[:limit])


# Changing


def change(*, actor_id: UUID, room_id: UUID, **changes: str) -> wire.Room:
    """Change the name, topic, or lowest role for custom events, as an owner or moderator. Raises Invalid, NotFound,
    NotAMember, Forbidden or Archived."""
    checked = _checked(changes)
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room)
        permissions.require_not_archived(room)
        _apply(room, "room.updated", checked)
    return summaries.summarize_one(user_id=actor_id, room=room)


def archive(*, actor_id: UUID, room_id: UUID) -> wire.Room:
    """Archive a room, as its owner. Raises NotFound, NotAMember or Forbidden."""
    return _as_owner(actor_id, room_id, archived=True)


def unarchive(*, actor_id: UUID, room_id: UUID) -> wire.Room:
    """Unarchive a room, as its owner. Raises NotFound, NotAMember or Forbidden."""
    return _as_owner(actor_id, room_id, archived=False)


def delete(*, actor_id: UUID, room_id: UUID) -> None:
    """Delete a room for all users, as its owner. This cannot be undone. Raises NotFound, NotAMember or Forbidden."""
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room, least=Role.OWNER)
        soft_delete(room)


def set_archived(room: Room, *, archived: bool) -> None:
    """Archive or unarchive a room that the caller has locked."""
    if (room.archived_at is not None) != archived:
        at = timezone.now() if archived else None
        _apply(room, "room.archived" if archived else "room.updated", {"archived_at": at})


def soft_delete(room: Room) -> None:
    """Mark a locked room as deleted. chat/privacy/purge.py removes its rows later."""
    members = list(Membership.objects.filter(room=room).values_list("user_id", flat=True))
    _apply(room, "room.deleted", {"deleted_at": timezone.now(), "pair": None})
    ephemeral.removed(room.id, members, "deleted")


def _as_owner(actor_id: UUID, room_id: UUID, *, archived: bool) -> wire.Room:
    with transaction.atomic():
        room = log.lock(room_id)
        permissions.require_member_with_role(user_id=actor_id, room=room, least=Role.OWNER)
        set_archived(room, archived=archived)
    return summaries.summarize_one(user_id=actor_id, room=room)


def _apply(room: Room, type: str, changes: dict[str, Any]) -> None:
    """Change a locked room and publish it. Repeating it has no effect."""
    changed = [field for field, value in changes.items() if getattr(room, field) != value]
    if changed:
        for field in changed:
            setattr(room, field, changes[field])
        room.save(update_fields=changed)
        log.append(room=room, type=type, data=wire.facts(room))


def _checked(changes: dict[str, str]) -> dict[str, str]:
    checks = {"name": _name, "topic": _topic, "custom_events": _role}
    return {field: checks[field](value) for field, value in changes.items()}


def _name(value: str) -> str:
    return validation.text("name", value, maximum=settings.ROOM_NAME_MAX)


def _topic(value: str) -> str:
    return validation.line("topic", value, maximum=settings.ROOM_TOPIC_MAX)


def _role(value: str) -> str:
    if value not in Role.values:
        raise Invalid(Violation("custom_events", "invalid", "Must be owner, moderator or member."))
    return value
