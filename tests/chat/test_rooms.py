"""Rooms: opened, changed, archived, found, and gone."""

import pytest
from django.utils import timezone

from chat import history, members, mentions, messages, permissions, receipts, rooms, sync
from chat.eventlog import log
from chat.models import Room
from core.errors import Invalid, NotFound
from tests.chat.talk import as_told, heard, people, promote, room, say, types

pytestmark = pytest.mark.django_db


def test_a_room_has_a_topic_and_is_told_as_it_is():
    (alice,) = people("alice")
    made = rooms.create(creator_id=alice, name="Salon", kind="public", topic="Tea")
    assert (made.topic, made.custom_events, made.archived_at, made.created_by) == ("Tea", "moderator", None, alice)
    assert (made.last_message, made.peer, made.unread_count, made.mention_count) == (None, None, 0, 0)
    assert rooms.get(user_id=alice, room_id=made.id) == made


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " \n"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0"}, "name"),
        ({"topic": "x" * 501}, "topic"),
        ({"topic": "\ud800"}, "topic"),
        ({"custom_events": "anybody"}, "custom_events"),
        ({"name": "fine", "custom_events": ""}, "custom_events"),
    ],
    ids=["empty", "blank", "long", "NUL", "long topic", "half a pair", "no role", "one of two"],
)
def test_a_change_that_is_invalid_changes_nothing(changes, field):
    (alice,) = people("alice")
    made = room(alice)
    with heard(made), pytest.raises(Invalid) as refused:
        rooms.change(actor_id=alice, room_id=made, **changes)
    assert [violation.field for violation in refused.value.violations] == [field]
    assert rooms.get(user_id=alice, room_id=made).name == "room"


def test_a_change_is_told_as_the_room_is_now_and_the_same_again_is_nothing():
    (alice,) = people("alice")
    made = room(alice)
    with heard(made, "room.updated") as told:
        changed = rooms.change(actor_id=alice, room_id=made, name="new", topic="t", custom_events="member")
    assert (changed.name, changed.topic, changed.custom_events, changed.last_seq) == ("new", "t", "member", 1)
    assert told[0] == {name: value for name, value in as_told(changed).items() if name in told[0]}
    assert rooms.get(user_id=alice, room_id=made) == changed
    with heard(made):
        assert rooms.change(actor_id=alice, room_id=made, name="new", topic="t") == changed
        assert rooms.change(actor_id=alice, room_id=made) == changed
    with heard(made, "room.updated"):
        assert rooms.change(actor_id=alice, room_id=made, topic="").topic == ""


def test_archiving_and_opening_again_are_told_once():
    (alice,) = people("alice")
    made = room(alice)
    with heard(made, "room.archived") as told:
        archived = rooms.archive(actor_id=alice, room_id=made)
        assert rooms.archive(actor_id=alice, room_id=made) == archived
    assert told[0]["archived_at"] == as_told(archived)["archived_at"] is not None
    with heard(made, "room.updated") as told:
        assert rooms.unarchive(actor_id=alice, room_id=made).archived_at is None
        rooms.unarchive(actor_id=alice, room_id=made)
    assert told[0]["archived_at"] is None
    say(alice, made)


# Mine


def mine(user_id):
    listing = rooms.list_rooms(user_id=user_id)
    return listing.told(list(listing.rows))


def test_mine_are_those_where_something_happened_last():
    alice, bob = people("alice", "bob")
    first, second, third = (room(alice, bob) for _ in range(3))
    room(alice)
    say(alice, first)
    receipts.read(user_id=bob, room_id=third, seq=1)
    assert [each.id for each in mine(bob)] == [first, third, second]
    assert set(rooms.ids(user_id=bob)) == {first, second, third}
    rooms.change(actor_id=alice, room_id=second, topic="news")
    seen = mine(bob)
    assert [each.id for each in seen] == [second, first, third]
    assert seen == [rooms.get(user_id=bob, room_id=each.id) for each in seen]


# Found


def found(user_id, search=""):
    listing = rooms.list_public_rooms(user_id=user_id, search=search)
    return listing.told(list(listing.rows))


def names(user_id, search="") -> list[str]:
    return [each.name for each in found(user_id, search)]


def test_public_rooms_are_found_by_all_the_words_of_a_search():
    alice, bob = people("alice", "bob")
    for name, topic in [("Tea house", "green"), ("House of cards", ""), ("Garden", "Tea and roses"), ("100%", "a_b")]:
        rooms.create(creator_id=alice, name=name, topic=topic, kind="public")
    room(alice, name="Secret tea house")
    rooms.direct(user_id=alice, peer_id=bob)
    for user_id in (alice, bob):
        assert names(user_id) == ["100%", "Garden", "House of cards", "Tea house"]
        assert names(user_id, "tea") == ["Garden", "Tea house"]
        assert names(user_id, "TEA  house\n") == ["Tea house"]
        assert names(user_id, "green house") == ["Tea house"]
        assert names(user_id, "secret") == names(user_id, "tea'--") == names(user_id, "\\") == []
        assert names(user_id, "%") == ["100%"]
        assert names(user_id, "_") == ["100%"]


def test_who_is_banned_does_not_find_a_room_nor_who_looks_one_that_is_archived_or_gone(build):
    house = build("public")
    for name, seen in [("stranger", ["room"]), ("former", ["room"]), ("member", ["room"]), ("banned", [])]:
        assert names(house.who[name]) == seen
    Room.objects.update(archived_at=timezone.now())
    assert names(house.who["stranger"]) == names(house.who["owner"]) == []
    Room.objects.update(archived_at=None, deleted_at=timezone.now())
    assert names(house.who["stranger"]) == []


def test_what_is_found_is_told_as_who_looks_sees_it():
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    said = say(alice, made)
    (seen,) = found(bob)
    assert seen == rooms.get(user_id=bob, room_id=made)
    assert (seen.role, seen.last_read_seq, seen.unread_count, seen.mention_count) == (None,) * 4
    assert seen.last_message == said
    members.join(user_id=bob, room_id=made)
    (seen,) = found(bob)
    assert (seen.role, seen.last_read_seq, seen.unread_count) == ("member", 1, 0)


# Gone


def test_a_deleted_room_is_gone_for_all_at_once(build):
    house = build("public")
    owner, member, stranger = (house.who[name] for name in ("owner", "member", "stranger"))
    say(owner, house.room, "@public-member look")
    with heard(house.room, "room.deleted") as told:
        rooms.delete(actor_id=owner, room_id=house.room)
    assert told[0]["id"] == str(house.room)
    for user_id in (owner, member, stranger):
        assert rooms.ids(user_id=user_id) == []
        assert mine(user_id) == found(user_id) == []
        assert list(mentions.list_mentions(user_id=user_id)) == []
        assert permissions.list_positions([(user_id, [house.room])]) == [{}]
        assert sync.since(user_id=user_id, positions={}) == sync.Changes([], more=False, removed=[], markers={})
        assert sync.since(user_id=user_id, positions={house.room: sync.Position(0)}).removed == [house.room]
        for look in (rooms.get, members.join):
            with pytest.raises(NotFound):
                look(user_id=user_id, room_id=house.room)
        for page in (messages.page, lambda limit, **asked: history.page(after_seq=0, limit=limit, **asked)):
            with pytest.raises(NotFound):
                page(user_id=user_id, room_id=house.room, limit=5)
    assert permissions.list_readers(room_id=house.room, user_ids=[owner, stranger]) == set()
    assert log.heads([house.room]) == {}
    with pytest.raises(NotFound):
        rooms.delete(actor_id=owner, room_id=house.room)
    assert types(house.room).count("room.deleted") == 1


def test_all_members_and_nobody_else_are_told_that_a_room_is_gone(build, passed):
    house = build("public")
    promote(house.room, house.target, "owner")
    with passed() as said:
        rooms.delete(actor_id=house.target, room_id=house.room)
    users = {house.target, *(house.who[name] for name in ("owner", "moderator", "member"))}
    assert {user for each in said for user in each["users"]} == {str(user_id) for user_id in users}
    assert {each["payload"]["reason"] for each in said} == {"deleted"}
    assert {each["payload"]["type"] for each in said} == {"room.removed"}
