"""What passes: told when the transaction has committed, and then together."""

import json
from uuid import uuid4

import pytest
from django.db import transaction

from chat.eventlog import announcements, ephemeral
from chat.eventlog.announcements import Appended
from chat.eventlog.ephemeral import EphemeralEvents, ToUsers
from chat.models import Room
from core.announcer import announcer

ROOM = uuid4()


@pytest.fixture
def put(monkeypatch):
    """What the announcer was given."""
    given: list = []
    monkeypatch.setattr(announcer, "put", given.append)
    return given


def told(after: int, *payloads: str, room=ROOM) -> EphemeralEvents:
    return EphemeralEvents(room, after, list(payloads))


def test_one_takes_up_the_next_and_is_as_late_as_the_latest():
    one = told(7, "a")
    given = one.message()
    assert one.absorb(told(9, "b", "c"))
    assert one.absorb(told(8, "d"))
    assert one.message() == {
        "type": "room.passing",
        "room": str(ROOM),
        "after": 9,
        "payloads": ["a", "b", "c", "d"],
    }
    assert given["payloads"] == ["a"], "what was told is told"
    assert (one.facts, one.characters) == (4, 4)


def test_it_takes_up_no_more_than_a_hundred_and_nothing_of_another_kind():
    one = told(1, *["x"] * 99)
    assert not one.absorb(told(1, "y", "z"))
    assert one.absorb(told(1, "y"))
    assert not one.absorb(told(1, "z"))
    events = Appended(ROOM, uuid4(), 2, ["e"])
    assert not told(1, "x").absorb(events)
    assert not events.absorb(told(1, "x"))
    assert not ToUsers([], ROOM, "x", over=True).absorb(ToUsers([], ROOM, "x", over=True))


@pytest.mark.django_db(transaction=True)
def test_it_is_told_if_and_when_the_transaction_commits(put):
    room = Room(id=ROOM, last_seq=5)
    with transaction.atomic():
        ephemeral.tell(room, "typing.started", {"x": 1})
        ephemeral.removed(ROOM, [uuid4()], "removed")
        assert put == []
    assert [type(each) for each in put] == [EphemeralEvents, ToUsers]
    assert (put[0].group, put[0].after) == (announcements.group(ROOM), 5)
    payload = json.loads(put[0].payloads[0])
    assert (payload["type"], payload["room"], payload["data"]) == ("typing.started", str(ROOM), {"x": 1})
    assert "seq" not in payload
    with transaction.atomic():
        ephemeral.tell(room, "typing.started", {})
        ephemeral.removed(ROOM, [uuid4()], "removed")
        transaction.set_rollback(True)
    assert len(put) == 2


@pytest.mark.django_db(transaction=True)
def test_all_of_a_large_room_are_told_in_pieces(put):
    users = [uuid4() for _ in range(1_201)]
    ephemeral.removed(ROOM, users, "deleted")
    assert [each.facts for each in put] == [500, 500, 201]
    assert [user for each in put for user in each.users] == [str(user) for user in users]
    assert {each.group for each in put} == {"users"}
    assert all(each.message()["over"] and each.message()["room"] == str(ROOM) for each in put)
    payload = {"type": "room.removed", "room": str(ROOM), "reason": "deleted"}
    assert [json.loads(each.payload) for each in put] == [payload] * 3
