"""People and what they do in rooms, straight at the domain; and what the rooms hear of it."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from chat import members, messages, rooms, wire
from chat.eventlog import event_types, log
from chat.models import Membership, Room
from core.errors import RoomwireError

DEADLINE = 60.0
NOWHERE = UUID(int=0)
committed = pytest.mark.django_db(transaction=True)


def person(name: str) -> UUID:
    return User.objects.create(username=name).id


def people(*names: str) -> list[UUID]:
    return [person(name) for name in names]


def room(owner: UUID, *others: UUID, kind: str = "private", name: str = "room") -> UUID:
    made = rooms.create(creator_id=owner, name=name, kind=kind).id
    for other in others:
        members.add(actor_id=owner, room_id=made, user_id=other)
    return made


def promote(room_id: UUID, user_id: UUID, role: str) -> None:
    """Without a word to anybody."""
    assert Membership.objects.filter(room=room_id, user=user_id).update(role=role)


def say(author: UUID, room_id: UUID, body: str = "x", **fields: Any) -> wire.Message:
    return messages.send(author_id=author, room_id=room_id, body=body, **fields).message


def soon(seconds: float = 60):
    return timezone.now() + timedelta(seconds=seconds)


# What the room hears


def told(room_id: UUID, after: int = 0) -> list[dict[str, Any]]:
    """Each is what the catalogue of events says that it is."""
    events = [json.loads(entry.payload) for entry in log.read(room_id=room_id, after=after, limit=10_000)]
    for event in events:
        shape = event_types.EVENTS["custom" if event["type"].startswith("custom.") else event["type"]]
        msgspec.convert(event["data"], shape)
        assert event["data"].keys() == {field.name for field in msgspec.structs.fields(shape)}
    return events


def types(room_id: UUID, after: int = 0) -> list[str]:
    return [event["type"] for event in told(room_id, after)]


def head(room_id: UUID) -> int:
    return Room.objects.get(id=room_id).last_seq


@contextmanager
def heard(room_id: UUID, *expected: str) -> Iterator[list[dict[str, Any]]]:
    """What the room's log gains meanwhile: events of these types, with the next seqs. Their `data`, afterwards."""
    before = head(room_id)
    gained: list[dict[str, Any]] = []
    yield gained
    events = told(room_id, before)
    found = [event["type"] for event in events]
    assert found == list(expected), found
    assert [event["seq"] for event in events] == list(range(before + 1, head(room_id) + 1))
    gained += [event["data"] for event in events]


def as_told(value: Any) -> Any:
    """As clients get it."""
    return json.loads(wire.encode(value))


# At once


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each on a thread of its own: what it returned, or how it was refused."""
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            together.wait(DEADLINE)
            return call()
        except RoomwireError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls, timeout=DEADLINE))


def refusals(outcomes: list[Any]) -> list[str]:
    return sorted(each.code for each in outcomes if isinstance(each, RoomwireError))
