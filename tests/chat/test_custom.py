"""Events of the app's own: by members with the right, and by the server's own code."""

import json

import pytest
from django.db import transaction

from accounts.models import User
from chat import custom_events, messages, rooms
from chat.errors import Forbidden
from chat.eventlog import effects
from chat.models import Event
from core.errors import Invalid, NotFound
from tests.chat.talk import NOWHERE, committed, heard, people, person, promote, room, told

pytestmark = pytest.mark.django_db

RANKS = ("member", "moderator", "owner")


@pytest.mark.parametrize("least", RANKS)
@pytest.mark.parametrize("role", RANKS)
def test_it_takes_the_role_that_the_room_says(role, least):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    promote(made, bob, role)
    rooms.change(actor_id=alice, room_id=made, custom_events=least)
    may = RANKS.index(role) >= RANKS.index(least)
    with heard(made, *["custom.order.moved"] * may):
        if may:
            custom_events.send(sender_id=bob, room_id=made, name="order.moved", data={"to": 3})
        else:
            with pytest.raises(Forbidden):
                custom_events.send(sender_id=bob, room_id=made, name="order.moved", data={"to": 3})


def test_it_is_told_with_who_sent_it():
    (alice,) = people("alice")
    made = room(alice)
    with heard(made, "custom.x", "custom.x") as events:
        entry = custom_events.send(sender_id=alice, room_id=made, name="x", data={"a": [1, {"b": None}]})
        custom_events.send(sender_id=alice, room_id=made, name="x")
    assert events[0] == {"sender": {"id": str(alice), "username": "alice"}, "data": {"a": [1, {"b": None}]}}
    assert events[1]["data"] is None
    assert Event.objects.get(seq=entry.seq).payload == entry.payload


def test_between_two_both_may():
    alice, bob = people("alice", "bob")
    made = rooms.direct(user_id=alice, peer_id=bob).room.id
    with heard(made, "custom.x", "custom.x"):
        for each in (alice, bob):
            custom_events.send(sender_id=each, room_id=made, name="x")


@pytest.mark.parametrize("name", ["x", "order_updated", "order.updated", "a1.2b", "x" * 48, "message.deleted"])
def test_a_name_is_its_own(name):
    """Whatever it is, it is no event of ours."""
    (alice,) = people("alice")
    made = room(alice)
    with heard(made, f"custom.{name}"):
        entry = custom_events.send(sender_id=alice, room_id=made, name=name, data={"type": "room.deleted"})
    assert effects.subscription_end(entry.payload) is None
    assert not effects.invalidates_history(entry.payload)


@pytest.mark.parametrize(
    "name", ["", "X", "1x", "_x", ".x", "x.", "x..y", "x y", "x\n", "é", "x-y", "x/y", "x" * 49, 'x"', "x\0"]
)
def test_what_is_no_name(name):
    (alice,) = people("alice")
    made = room(alice)
    for act in (
        lambda: custom_events.send(sender_id=alice, room_id=made, name=name),
        lambda: custom_events.append(room_id=made, name=name),
    ):
        with heard(made), pytest.raises(Invalid, match="name"):
            act()


@pytest.mark.parametrize(
    "data",
    [{"a": "x" * 16_384}, {"a": "\0"}, {"a": 2**63}, {"a": float("9e99")}, {"a\ud800": 1}, ["\0"], "\0"],
    ids=range(7),
)
def test_what_is_no_data(data):
    (alice,) = people("alice")
    made = room(alice)
    for act in (
        lambda: custom_events.send(sender_id=alice, room_id=made, name="x", data=data),
        lambda: custom_events.append(room_id=made, name="x", data=data),
    ):
        with heard(made), pytest.raises(Invalid, match="data"):
            act()


@pytest.mark.parametrize("data", [None, False, 0, 1.5, "", "x", [], [1, None], {}, {"a": 1}], ids=repr)
def test_any_json_is_data(data):
    (alice,) = people("alice")
    made = room(alice)
    entry = custom_events.send(sender_id=alice, room_id=made, name="x", data=data)
    assert json.loads(entry.payload)["data"]["data"] == data


# By the server's own code


def test_the_app_tells_in_its_own_name_even_where_nobody_may_speak():
    (alice,) = people("alice")
    made = room(alice)
    rooms.archive(actor_id=alice, room_id=made)
    with heard(made, "custom.order_updated") as events, transaction.atomic():
        custom_events.append(room_id=made, name="order_updated", data={"order": 5})
    assert events == [{"sender": None, "data": {"order": 5}}]


def test_there_is_no_room_to_tell():
    (alice,) = people("alice")
    made = room(alice)
    rooms.delete(actor_id=alice, room_id=made)
    for room_id in (NOWHERE, made):
        with pytest.raises(NotFound):
            custom_events.append(room_id=room_id, name="x")


@committed
def test_what_is_told_is_true_if_and_only_if_it_committed():
    (alice,) = people("alice")
    made = room(alice)
    with transaction.atomic():
        person("never")
        assert custom_events.append(room_id=made, name="never").seq == 1
        messages.send(author_id=alice, room_id=made, body="never")
        transaction.set_rollback(True)
    assert told(made) == []
    with transaction.atomic():
        person("outer")
        custom_events.append(room_id=made, name="before")
        with transaction.atomic():
            person("inner")
            custom_events.append(room_id=made, name="inner")
            transaction.set_rollback(True)
        custom_events.append(room_id=made, name="after")
        messages.send(author_id=alice, room_id=made, body="so")
    assert [(event["seq"], event["type"]) for event in told(made)] == [
        (1, "custom.before"),
        (2, "custom.after"),
        (3, "message.created"),
    ]
    assert set(User.objects.values_list("username", flat=True)) == {"alice", "outer"}


@committed
def test_it_takes_a_transaction():
    (alice,) = people("alice")
    made = room(alice)
    with pytest.raises(transaction.TransactionManagementError):
        custom_events.append(room_id=made, name="x")
    assert told(made) == []


def test_nothing_is_announced_of_what_was_rolled_back(django_capture_on_commit_callbacks):
    (alice,) = people("alice")
    made = room(alice)
    with django_capture_on_commit_callbacks() as callbacks, transaction.atomic():
        custom_events.append(room_id=made, name="x")
        transaction.set_rollback(True)
    assert callbacks == []
