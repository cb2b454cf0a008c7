"""Direct rooms: one per pair, whoever asks, however often."""

import pytest

from accounts import users
from chat import members, rooms
from chat.errors import Forbidden
from chat.models import Membership, Room
from core.errors import Invalid
from tests.chat.talk import NOWHERE, at_once, committed, heard, people, say

pytestmark = pytest.mark.django_db


def test_the_room_of_two_is_found_by_either():
    alice, bob, carol = people("alice", "bob", "carol")
    opened = rooms.direct(user_id=alice, peer_id=bob)
    assert (opened.created, opened.room.kind, opened.room.name, opened.room.role) == (True, "direct", "", "member")
    assert (opened.room.peer.id, opened.room.last_seq) == (bob, 0)
    found = rooms.direct(user_id=bob, peer_id=alice)
    assert (found.created, found.room.id, found.room.peer.id) == (False, opened.room.id, alice)
    assert rooms.direct(user_id=alice, peer_id=bob).room == opened.room
    other = rooms.direct(user_id=alice, peer_id=carol)
    assert other.created
    assert other.room.id != opened.room.id
    assert Membership.objects.filter(room=opened.room.id).count() == 2


@pytest.mark.parametrize("peer", ["oneself", "nobody", "a deactivated one", "an erased one"])
def test_there_is_nobody_to_talk_to(peer):
    alice, bob = people("alice", "bob")
    if peer == "a deactivated one":
        users.deactivate(user_id=bob)
    if peer == "an erased one":
        users.erase(user_id=bob)
    with pytest.raises(Invalid, match="existing user"):
        rooms.direct(user_id=alice, peer_id={"oneself": alice, "nobody": NOWHERE}.get(peer, bob))
    assert not Room.objects.exists()


def test_what_was_said_to_one_who_is_deactivated_meanwhile_is_still_there():
    alice, bob = people("alice", "bob")
    opened = rooms.direct(user_id=alice, peer_id=bob)
    said = say(bob, opened.room.id)
    users.deactivate(user_id=bob)
    found = rooms.direct(user_id=alice, peer_id=bob)
    assert (found.created, found.room.id, found.room.last_message) == (False, opened.room.id, said)


def test_both_are_told_when_it_is_opened_and_nobody_when_it_is_found(passed):
    alice, bob = people("alice", "bob")
    with passed() as said:
        opened = rooms.direct(user_id=alice, peer_id=bob)
    assert {user: each["payload"]["data"]["peer"]["id"] for each in said for user in each["users"]} == {
        str(alice): str(bob),
        str(bob): str(alice),
    }
    assert {each["payload"]["type"] for each in said} == {"room.added"}
    with passed() as said:
        assert rooms.direct(user_id=bob, peer_id=alice).room.id == opened.room.id
    assert said == []


def test_it_is_of_these_two_for_ever():
    alice, bob, carol = people("alice", "bob", "carol")
    made = rooms.direct(user_id=alice, peer_id=bob).room.id
    with heard(made):
        for act in (
            lambda: members.leave(user_id=alice, room_id=made),
            lambda: members.remove(actor_id=alice, room_id=made, user_id=alice),
            lambda: members.remove(actor_id=alice, room_id=made, user_id=bob),
            lambda: members.add(actor_id=alice, room_id=made, user_id=carol),
            lambda: members.change_role(actor_id=alice, room_id=made, user_id=alice, role="owner"),
        ):
            with pytest.raises(Forbidden):
                act()


def test_after_it_was_deleted_another_is_opened():
    alice, bob = people("alice", "bob")
    first = rooms.direct(user_id=alice, peer_id=bob).room.id
    rooms.soft_delete(Room.objects.get(id=first))
    second = rooms.direct(user_id=bob, peer_id=alice)
    assert second.created
    assert second.room.id != first
    assert rooms.ids(user_id=alice) == [second.room.id]


@committed
@pytest.mark.parametrize("number", range(5))
def test_however_many_ask_at_once_it_is_one_room(number):
    alice, bob = people("alice", "bob")
    asked = [(alice, bob), (bob, alice)] * 3
    opened = at_once(*(lambda pair=pair: rooms.direct(user_id=pair[0], peer_id=pair[1]) for pair in asked))
    assert len({each.room.id for each in opened}) == 1
    assert [each.created for each in opened].count(True) == 1
    assert [each.room.peer.id for each in opened] == [peer for _, peer in asked]
    assert set(Membership.objects.values_list("user_id", flat=True)) == {alice, bob}
    assert (Room.objects.count(), Membership.objects.count()) == (1, 2)
