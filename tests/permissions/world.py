"""One room with everybody who may be something to it, made by direct rows."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from chat import wire
from chat.models import Ban, Event, Membership, Mention, Message, Mute, Reaction, Revision, Role, Room
from tests.permissions.people import Person
from tests.permissions.rules import Setting

# Who is in a room, besides those of rules.py: somebody else of each rank, to be acted upon.
RANKS = {
    "owner": Role.OWNER,
    "co_owner": Role.OWNER,
    "moderator": Role.MODERATOR,
    "other_moderator": Role.MODERATOR,
    "member": Role.MEMBER,
    "muted": Role.MEMBER,
    "other": Role.MEMBER,
    "silenced": Role.MEMBER,
}
DIRECT_RANKS = {"member": Role.MEMBER, "other": Role.MEMBER}
OUTSIDE = ("ex_member", "banned", "outcast", "stranger", "outsider")
NAMES = (*RANKS, *OUTSIDE)

# Whatever hangs on a room, or on a message of it.
_OF_ROOMS = (Event, Mention, Ban, Mute, Membership)
_OF_MESSAGES = (Reaction, Revision)


@dataclass
class World:
    """`messages` are by their authors' names. `secret` is what only those may read who may read the room."""

    room: Room
    secret: str
    messages: dict[str, Message] = field(default_factory=dict)
    others: list[Any] = field(default_factory=list)


def clear(alias: str, keep: Collection[UUID]) -> None:
    """No other room is left."""
    with transaction.atomic(using=alias):
        for model in _OF_ROOMS:
            model.objects.using(alias).exclude(room__in=keep)._raw_delete(alias)
        said = Message.objects.using(alias).exclude(room__in=keep)
        for model in _OF_MESSAGES:
            model.objects.using(alias).filter(message__in=said)._raw_delete(alias)
        said._raw_delete(alias)
        Room.objects.using(alias).exclude(id__in=keep)._raw_delete(alias)


def build(alias: str, setting: Setting, people: Mapping[str, Person], **columns: Any) -> World:
    """A room in this state: everybody has written there, once, when they were in it."""
    now = timezone.now()
    secret = f"secret{secrets.token_hex(8)}"
    room = Room(kind=setting.kind, name=secret, topic=secret, last_seq=0, **columns)
    room.archived_at = now if setting.archived else None
    room.deleted_at = now if setting.deleted else None
    # Who opened it has left it since, but for direct rooms.
    room.created_by = people["other" if setting.kind == "direct" else "ex_member"].row
    world = World(room, secret)
    ranks = DIRECT_RANKS if setting.kind == "direct" else RANKS
    outside = () if setting.kind == "direct" else ("ex_member", "banned")
    _say_something(world, people, [*ranks, *outside])
    with transaction.atomic(using=alias):
        room.save(using=alias, force_insert=True)
        Membership.objects.using(alias).bulk_create(_memberships(world, people, ranks))
        if outside:
            bans = [Ban(room=room, user=people[name].row, reason=secret) for name in ("banned", "outcast")]
            Ban.objects.using(alias).bulk_create(bans)
        Message.objects.using(alias).bulk_create(world.messages.values())
        for model in (Event, Reaction, Revision, Mention):
            rows = [row for row in world.others if isinstance(row, model)]
            model.objects.using(alias).bulk_create(rows)
    return world


def _memberships(world: World, people: Mapping[str, Person], ranks: Mapping[str, str]) -> list[Membership]:
    now, hour = timezone.now(), timedelta(hours=1)
    # The member's has ended.
    muted_until = {"muted": now + hour, "silenced": now + hour, "member": now - hour}
    return [
        Membership(room=world.room, user=people[name].row, role=rank, muted_until=muted_until.get(name))
        for name, rank in ranks.items()
    ]


def _say_something(world: World, people: Mapping[str, Person], names: list[str]) -> None:
    """The other's message comes first, names everybody, and is what all others reply to and think something of."""
    first = _message(world, people["other"], "other", f"{world.secret}!")
    first.mentions = [person.id for person in people.values()]
    first.reactions = [{"emoji": "👍", "count": len(names)}]
    world.others += [Mention(message=first, user=each.row, room=world.room, seq=1) for each in people.values()]
    world.others += [Reaction(message=first, user=people[name].row, emoji="👍") for name in names]
    for name in names:
        if name != "other":
            _message(world, people[name], name, f"from {name}").reply_to = first
    for name, said in world.messages.items():
        world.others.append(Revision(message=said, body=f"before {name}", replaced_at=said.created_at))
        told = wire.Event("message.created", world.room.id, said.seq, wire.moment(said.created_at), wire.message(said))
        world.others.append(
            Event(
                room=world.room,
                seq=said.seq,
                type=told.type,
                payload=wire.encode(told).decode(),
                message=said,
                created_at=said.created_at,
            )
        )


def _message(world: World, author: Person, name: str, body: str) -> Message:
    world.room.last_seq += 1
    said = Message(room=world.room, author=author.row, seq=world.room.last_seq, body=body, client_ref=name)
    said.created_at = timezone.now()
    world.messages[name] = said
    return said
