"""Bans: out, and not in again."""

import pytest

from chat import bans, history, members, mentions, messages, permissions, rooms, sync
from chat.models import Ban, Membership
from core.errors import Invalid, NotFound
from tests.chat.talk import NOWHERE, heard, people, promote, room, say

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["public", "private"])
def test_who_is_banned_sees_nothing_and_does_not_come_back(kind):
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind=kind)
    said = say(alice, made, "@bob look")
    with heard(made, "member.left"):
        ban = bans.ban(actor_id=alice, room_id=made, user_id=bob, reason="spam")
        assert bans.ban(actor_id=alice, room_id=made, user_id=bob, reason="another") == ban
    assert (ban.user.id, ban.reason, ban.banned_by) == (bob, "spam", alice)
    assert [bans.to_wire(row) for row in bans.list_bans(user_id=alice, room_id=made)] == [ban]
    for look in (
        lambda: rooms.get(user_id=bob, room_id=made),
        lambda: members.join(user_id=bob, room_id=made),
        lambda: messages.page(user_id=bob, room_id=made, limit=5),
        lambda: messages.get(user_id=bob, room_id=made, message_id=said.id),
        lambda: history.page(user_id=bob, room_id=made, after_seq=0, limit=5),
        lambda: say(bob, made),
    ):
        with heard(made), pytest.raises(NotFound):
            look()
    assert permissions.list_positions([(bob, [made]), (alice, [made])])[0] == {}
    assert permissions.list_readers(room_id=made, user_ids=[alice, bob]) == {alice}
    assert list(mentions.list_mentions(user_id=bob)) == []
    assert sync.since(user_id=bob, positions={made: sync.Position(0)}).removed == [made]
    assert list(rooms.list_public_rooms(user_id=bob).rows) == []


def test_an_unban_lets_in_again_and_is_told_once():
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind="public")
    bans.ban(actor_id=alice, room_id=made, user_id=bob)
    with heard(made, "member.unbanned") as told:
        bans.unban(actor_id=alice, room_id=made, user_id=bob)
        bans.unban(actor_id=alice, room_id=made, user_id=bob)
        bans.unban(actor_id=alice, room_id=made, user_id=NOWHERE)
    assert told == [{"user": {"id": str(bob), "username": "bob"}}]
    assert rooms.get(user_id=bob, room_id=made).role is None
    assert members.join(user_id=bob, room_id=made).role == "member"


def test_a_ban_is_of_one_room():
    alice, bob = people("alice", "bob")
    here, there = room(alice, bob, kind="public"), room(alice, bob, kind="public")
    bans.ban(actor_id=alice, room_id=here, user_id=bob)
    assert permissions.list_positions([(bob, [here, there])])[0].keys() == {there}
    say(bob, there)


@pytest.mark.parametrize("user", ["nobody", "a reason that is long", "a reason of NULs"])
def test_a_ban_that_is_invalid(user):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    reason = {"a reason that is long": "x" * 201, "a reason of NULs": "\0"}.get(user, "")
    with heard(made), pytest.raises(Invalid):
        bans.ban(actor_id=alice, room_id=made, user_id=NOWHERE if user == "nobody" else bob, reason=reason)
    assert not Ban.objects.exists()


def test_a_stranger_is_banned_before_they_come():
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    with heard(made, "member.left") as told:
        bans.ban(actor_id=alice, room_id=made, user_id=bob)
    assert told[0]["reason"] == "banned"
    with pytest.raises(NotFound):
        members.join(user_id=bob, room_id=made)


def test_who_reads_a_public_room_is_told_and_who_knows_nothing_of_a_private_one_is_not(passed):
    """It would tell a stranger that there is such a room."""
    alice, bob = people("alice", "bob")
    public, private = room(alice, kind="public"), room(alice)
    with passed() as said:
        bans.ban(actor_id=alice, room_id=public, user_id=bob)
        bans.ban(actor_id=alice, room_id=private, user_id=bob)
    assert [(each["users"], each["room"]) for each in said] == [([str(bob)], str(public))]


def test_rights_of_many_guests_cost_two_queries(django_assert_num_queries):
    alice, *guests = people("alice", *(f"guest{number}" for number in range(20)))
    made = [room(alice, kind="public" if number % 2 else "private") for number in range(10)]
    for number, guest in enumerate(guests[:10]):
        bans.ban(actor_id=alice, room_id=made[number], user_id=guest)
    with django_assert_num_queries(2):
        found = permissions.list_positions([(user_id, made) for user_id in (alice, *guests)])
    assert found[0].keys() == set(made)
    for number, seen in enumerate(found[1:]):
        assert seen.keys() == set(made[1::2]) - ({made[number]} if number < 10 else set())
    with django_assert_num_queries(1):
        assert permissions.list_positions([(alice, made)])[0].keys() == set(made)


def test_a_moderator_bans_who_is_below_and_is_no_member_then_and_a_ban_outlasts_who_made_it():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, carol)
    promote(made, bob, "moderator")
    bans.ban(actor_id=bob, room_id=made, user_id=carol)
    assert set(Membership.objects.values_list("user_id", flat=True)) == {alice, bob}
    members.leave(user_id=bob, room_id=made)
    with pytest.raises(Invalid):
        members.add(actor_id=alice, room_id=made, user_id=carol)
