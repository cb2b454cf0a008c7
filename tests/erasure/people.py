"""People who talk in rooms, in this process; and what is left of them."""

import json
from uuid import UUID

from accounts import users
from accounts.models import User
from chat import members, messages, rooms
from chat.eventlog import log
from chat.models import Event, Membership, Message
from chat.privacy import erasure
from tests.client import PASSWORD


def person(name: str) -> UUID:
    return users.register(username=name, password=PASSWORD).id


def room(owner: UUID, *others: UUID, kind: str = "private") -> UUID:
    made = rooms.create(creator_id=owner, name="room", kind=kind).id
    for other in others:
        members.add(actor_id=owner, room_id=made, user_id=other)
    return made


def say(author: UUID, room_id: UUID, count: int = 1) -> None:
    for number in range(count):
        words, ref = f"words{number}", f"ref{number}"
        messages.send(author_id=author, room_id=room_id, body=words, data={"n": number}, client_ref=ref)


def erase(user_id: UUID) -> None:
    erasure.erase(user_id=user_id, password=PASSWORD)


def log_of(room_id: UUID) -> list[dict]:
    return [json.loads(entry.payload) for entry in log.read(room_id=room_id, after=0, limit=10_000)]


def types(room_id: UUID) -> list[str]:
    return [event["type"] for event in log_of(room_id)]


def nothing_is_left(name: str) -> bool:
    told = "".join(Event.objects.values_list("payload", flat=True))
    speaking = Message.objects.exclude(body="", data__isnull=True, client_ref=None, deleted_at__isnull=False)
    speaking = speaking.filter(author__username__startswith="deleted-")
    return name not in told and "words" not in told and not speaking.exists() and not waiting()


def waiting() -> bool:
    return User.objects.filter(erasing_at__isnull=False).exists()


def roles(room_id: UUID) -> dict[UUID, str]:
    return dict(Membership.objects.filter(room=room_id).values_list("user_id", "role"))


def set_role(room_id: UUID, user_id: UUID, role: str) -> None:
    assert Membership.objects.filter(room=room_id, user=user_id).update(role=role)
