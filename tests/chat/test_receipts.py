"""Receipts, and who is typing: what passes, and is in no log."""

import pytest
from django.db import transaction

from chat import members, receipts, rooms, typing_notifications
from chat.eventlog import ephemeral
from chat.models import Membership
from core.errors import Invalid
from tests.chat.talk import at_once, committed, heard, people, room, say

pytestmark = pytest.mark.django_db


def read(who, made, seq):
    return receipts.read(user_id=who, room_id=made, seq=seq).last_read_seq


def markers(who, made) -> dict[str, int]:
    rows = receipts.list_readers(user_id=who, room_id=made)
    return {each.user.username: each.last_read_seq for each in map(receipts.to_wire, rows)}


@pytest.fixture
def talked():
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind="public")
    for number in range(5):
        say(alice, made, str(number))
    return alice, bob, made


def test_a_marker_never_moves_back(talked, passed):
    alice, bob, made = talked
    with heard(made), passed() as said:
        assert [read(bob, made, seq) for seq in (0, 3, 2, 3, 0, 6)] == [0, 3, 3, 3, 3, 6]
    assert [each["payload"]["data"]["last_read_seq"] for each in said] == [3, 6]
    assert markers(alice, made) == {"alice": 0, "bob": 6}
    assert rooms.get(user_id=bob, room_id=made).last_read_seq == 6


@pytest.mark.parametrize("seq", [-1, 7, 2**63])
def test_nobody_reads_what_is_not_there(talked, seq):
    _, bob, made = talked
    with pytest.raises(Invalid) as refused:
        read(bob, made, seq)
    assert [(each.field, each.code) for each in refused.value.violations] == [("seq", "out_of_range")]
    assert markers(bob, made)["bob"] == 0


def test_the_room_is_told_where_it_stood(talked, passed):
    _, bob, made = talked
    with passed() as said:
        read(bob, made, 4)
    assert [each["type"] for each in said] == [ephemeral.ANNOUNCEMENT]
    assert (said[0]["room"], said[0]["after"]) == (str(made), 6)
    told = said[0]["payload"]
    assert told.keys() == {"type", "room", "at", "data"}
    assert (told["type"], told["data"]) == (
        "read.updated",
        {"user": {"id": str(bob), "username": "bob"}, "last_read_seq": 4},
    )


def test_a_crowd_is_not_told(talked, passed, settings):
    alice, bob, made = talked
    (carol,) = people("carol")
    settings.RECEIPTS_MEMBERS_MAX = 2
    with passed() as said:
        read(bob, made, 1)
    assert len(said) == 1
    members.join(user_id=carol, room_id=made)
    with passed() as said:
        assert read(bob, made, 2) == 2
    assert said == []
    assert markers(alice, made) == {"alice": 0, "bob": 2, "carol": 6}


@committed
def test_however_many_say_so_at_once_the_furthest_counts():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    for number in range(8):
        say(alice, made, str(number))
    at_once(*(lambda seq=seq: read(bob, made, seq) for seq in (3, 9, 1, 5, 7, 2, 8, 4)))
    assert Membership.objects.get(user=bob).last_read_seq == 9


# Typing


def test_who_types_is_told_for_how_long(talked, passed, settings):
    _, bob, made = talked
    with heard(made), passed() as said:
        typing_notifications.start(user_id=bob, room_id=made)
        typing_notifications.stop(user_id=bob, room_id=made)
    assert [(each["payload"]["type"], each["payload"]["data"], each["after"]) for each in said] == [
        (what, {"user": {"id": str(bob), "username": "bob"}, "expires_in": seconds}, 6)
        for what, seconds in [("typing.started", settings.TYPING_SECONDS), ("typing.stopped", 0)]
    ]


def test_who_says_so_all_the_time_is_told_now_and_then(talked, passed, settings):
    alice, bob, made = talked
    settings.RATE_LIMITS = True
    with passed() as said:
        for _ in range(50):
            typing_notifications.start(user_id=bob, room_id=made)
    most = settings.RATES["typing"][0]
    assert 1 <= len(said) <= most + 1
    with passed() as said:
        typing_notifications.start(user_id=alice, room_id=made)
        typing_notifications.stop(user_id=bob, room_id=made)
    assert len(said) == 2


def test_a_read_that_was_rolled_back_is_told_to_nobody(talked, passed):
    _, bob, made = talked
    with passed() as said, transaction.atomic():
        read(bob, made, 2)
        transaction.set_rollback(True)
    assert said == []
