"""What is left of deleted rooms goes in steps: in part, twice, at once, and beside an erasure."""

import pytest
from django.db import DatabaseError, transaction

from chat import bans, edits, members, reactions, rooms
from chat.models import Ban, Event, Membership, Mention, Message, Reaction, Revision, Room
from chat.privacy import erasure, purge
from tests.chat.talk import at_once, committed, people, room, say, told
from tests.erasure.people import erase, nothing_is_left, person
from tests.erasure.test_steps import broken, mend  # noqa: F401 - a fixture

pytestmark = committed

MODELS = (Room, Membership, Ban, Message, Revision, Reaction, Mention, Event)


def everything() -> dict:
    return {model.__name__: set(model.objects.values_list("pk", flat=True)) for model in MODELS}


def lived_in(owner, *others, count: int = 8):
    """A room with something of everything in it."""
    made = room(owner, *others)
    first = say(owner, made, "first")
    for number in range(count):
        said = say(others[number % len(others)], made, f"words{number} @{number}", reply_to=first.id)
        edits.edit(actor_id=said.author.id, room_id=made, message_id=said.id, body=f"words again{number} @bob @alice")
        reactions.add(user_id=owner, room_id=made, message_id=said.id, emoji="👍")
        first = said
    return made


def test_nothing_is_left_and_nothing_else_is_gone():
    alice, bob, carol = people("alice", "bob", "carol")
    kept = lived_in(alice, bob)
    before = everything()
    gone = [lived_in(alice, bob), lived_in(bob, alice, carol), room(alice), rooms.direct(user_id=alice, peer_id=bob)]
    for made in gone[:3]:
        members_of = Membership.objects.filter(room=made, role="owner").values_list("user_id", flat=True)
        rooms.delete(actor_id=members_of[0], room_id=made)
    with transaction.atomic():
        rooms.soft_delete(Room.objects.get(id=gone[3].room.id))
    assert purge.resume() == 4
    assert everything() == before
    assert len(told(kept)) == Room.objects.get().last_seq
    assert purge.resume() == 0


def test_what_is_not_deleted_is_not_touched():
    alice, bob = people("alice", "bob")
    lived_in(alice, bob)
    before = everything()
    assert purge.resume() == 0
    assert everything() == before


@pytest.mark.parametrize("table", ["event", "message", "reaction", "revision", "mention", "membership", "ban", "room"])
def test_what_fails_between_is_finished_later(broken, table, monkeypatch):  # noqa: F811
    monkeypatch.setattr(purge, "_AT_ONCE", 3)
    alice, bob, carol = people("alice", "bob", "carol")
    kept = lived_in(alice, bob)
    before = everything()
    made = lived_in(alice, bob, carol)
    bans.ban(actor_id=alice, room_id=made, user_id=carol)
    rooms.delete(actor_id=alice, room_id=made)
    broken(f"chat_{table}", "DELETE", "true")
    with pytest.raises(DatabaseError, match="broken"):
        purge.resume()
    assert Room.objects.filter(id=made).exists()
    mend()
    assert purge.resume() == 1
    assert everything() == before
    assert len(told(kept)) == Room.objects.get().last_seq


@pytest.mark.parametrize("number", range(3))
def test_two_processes_may_clear_the_same(number, monkeypatch):
    monkeypatch.setattr(purge, "_AT_ONCE", 3)
    alice, bob = people("alice", "bob")
    before = everything()
    for _ in range(2):
        rooms.delete(actor_id=alice, room_id=lived_in(alice, bob))
    found = at_once(*[purge.resume] * 4)
    assert all(isinstance(each, int) for each in found)
    assert everything() == before


@pytest.mark.parametrize("number", range(3))
def test_who_is_erased_meanwhile_is_erased(number, monkeypatch):
    monkeypatch.setattr(purge, "_AT_ONCE", 3)
    monkeypatch.setattr(erasure, "_AT_ONCE", 2)
    alice, bob = person("alice"), person("bob")
    kept = lived_in(alice, bob)
    rooms.delete(actor_id=alice, room_id=lived_in(alice, bob))
    rooms.delete(actor_id=bob, room_id=lived_in(bob, alice))
    at_once(purge.resume, lambda: erase(bob), purge.resume)
    assert nothing_is_left("bob")
    assert not Room.objects.exclude(deleted_at=None).exists()
    assert told(kept)[-1]["type"] == "user.erased"


def test_who_is_a_member_of_a_room_that_is_gone_can_be_erased():
    """Before what is left of it has gone."""
    alice, bob = person("alice"), person("bob")
    kept, made = room(alice, bob), lived_in(alice, bob)
    left = lived_in(alice, bob)
    members.leave(user_id=bob, room_id=left)
    for each in (made, left):
        rooms.delete(actor_id=alice, room_id=each)
    erase(bob)
    assert nothing_is_left("bob")
    assert [event["type"] for event in told(kept)] == ["member.joined", "member.left", "user.erased"]
    assert purge.resume() == 2
