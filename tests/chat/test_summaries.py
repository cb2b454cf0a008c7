"""Rooms as their members see them: what they have not read, counted exactly up to 99, and what it costs to see one or
many."""

import pytest

from chat import edits, members, receipts, rooms, summaries
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft
from chat.models import Message, Room
from tests.chat.talk import people, room, say

pytestmark = pytest.mark.django_db


def seen(user_id):
    listing = rooms.list_rooms(user_id=user_id)
    return listing.told(list(listing.rows))


def counts(user_id, room_id) -> tuple[int, int]:
    found = rooms.get(user_id=user_id, room_id=room_id)
    (listed,) = [each for each in seen(user_id) if each.id == room_id]
    assert listed == found
    return found.unread_count, found.mention_count


def chat(author, room_id, *bodies: str):
    sent = drafts.store([Draft(author, room_id, body) for body in bodies])
    return [each.message for each in sent]


@pytest.mark.parametrize("count", [0, 1, 2, 99, 100, 101, 250])
def test_what_others_wrote_is_counted_exactly_up_to_99(count):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    chat(alice, made, *["x"] * count)
    assert counts(bob, made) == (min(count, 100), 0)
    chat(alice, made, *["@bob"] * count)
    assert counts(bob, made) == (min(2 * count, 100), min(count, 100))
    assert counts(alice, made) == (0, 0)


def test_ones_own_and_what_was_deleted_do_not_count():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = chat(alice, made, *["@bob"] * 110)
    chat(bob, made, *["@alice @bob"] * 110)
    for each in said[:12]:
        edits.delete(actor_id=alice, room_id=made, message_id=each.id)
    assert counts(bob, made) == (98, 98)
    edits.edit(actor_id=alice, room_id=made, message_id=said[50].id, body="never mind")
    assert counts(bob, made) == (98, 97)
    chat(alice, made, "1")
    assert counts(bob, made) == (99, 97)
    chat(alice, made, "2", "3")
    assert counts(bob, made) == (100, 97)


def test_what_was_read_does_not_count():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = chat(alice, made, *["x", "@bob"] * 3)
    for number, expected in enumerate([(6, 3), (5, 3), (4, 2), (3, 2), (2, 1), (1, 1), (0, 0)]):
        receipts.read(user_id=bob, room_id=made, seq=said[number - 1].seq if number else 0)
        assert counts(bob, made) == expected
    chat(alice, made, "@bob")
    assert counts(bob, made) == (1, 1)


def test_what_is_no_message_does_not_count():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob)
    members.add(actor_id=alice, room_id=made, user_id=carol)
    rooms.change(actor_id=alice, room_id=made, topic="t")
    found = rooms.get(user_id=bob, room_id=made)
    assert (found.unread_count, found.last_seq, found.last_message) == (0, 3, None)


def test_rooms_and_people_are_counted_apart():
    alice, bob, carol = people("alice", "bob", "carol")
    first, second = room(alice, bob, carol), room(alice, bob, carol)
    chat(alice, first, "@bob", "x")
    chat(bob, second, "@carol @alice")
    found = {who: [counts(who, made) for made in (first, second)] for who in (alice, bob, carol)}
    assert found == {alice: [(0, 0), (1, 1)], bob: [(2, 1), (0, 0)], carol: [(2, 0), (1, 1)]}


def test_the_last_message_is_the_last_as_it_is_now():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = chat(alice, made, "one", "two")
    assert rooms.get(user_id=bob, room_id=made).last_message == said[1]
    gone = edits.delete(actor_id=alice, room_id=made, message_id=said[1].id)
    assert rooms.get(user_id=bob, room_id=made).last_message == gone
    changed = edits.edit(actor_id=alice, room_id=made, message_id=said[0].id, body="other")
    found = rooms.get(user_id=bob, room_id=made)
    assert (found.last_message, found.last_seq) == (gone, Room.objects.get().last_seq)
    Message.objects.filter(id=gone.id).delete()
    assert rooms.get(user_id=bob, room_id=made).last_message == changed


def test_who_is_no_member_has_read_nothing_and_not_read_nothing():
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    said = say(alice, made, "@bob")
    found = rooms.get(user_id=bob, room_id=made)
    assert (found.role, found.last_read_seq, found.muted_until) == (None, None, None)
    assert (found.unread_count, found.mention_count, found.last_message) == (None, None, said)


def a_life(alice, times: int) -> None:
    """Rooms of every kind, with something in them."""
    for other in people(*(f"peer{number}" for number in range(times))):
        made = [room(alice, other, kind=kind) for kind in ("public", "private")]
        for each in (*made, rooms.direct(user_id=alice, peer_id=other).room.id):
            chat(other, each, "y", "@alice")


@pytest.mark.parametrize("times", [1, 17])
def test_what_my_rooms_cost(times, django_assert_num_queries):
    """Memberships with rooms, counts, last messages, and who the other of each direct room is."""
    (alice,) = people("alice")
    a_life(alice, times)
    with django_assert_num_queries(4):
        found = seen(alice)
    assert len(found) == 3 * times
    assert {(each.unread_count, each.mention_count) for each in found} == {(2, 1)}
    assert {each.peer.username for each in found if each.kind == "direct"} == {f"peer{n}" for n in range(times)}


@pytest.mark.parametrize("times", [1, 17])
def test_what_discovering_costs(times, django_assert_num_queries):
    """Rooms, memberships, counts and last messages."""
    alice, stranger = people("alice", "stranger")
    a_life(alice, times)
    for who, queries in [(alice, 4), (stranger, 3)]:
        listing = rooms.list_public_rooms(user_id=who)
        with django_assert_num_queries(queries):
            assert len(listing.told(list(listing.rows))) == times


def test_no_rooms_cost_nothing(django_assert_num_queries):
    (alice,) = people("alice")
    with django_assert_num_queries(0):
        assert summaries.summarize(user_id=alice, rooms=[]) == []
