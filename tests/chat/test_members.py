"""Members: coming and going, roles, and who may not be heard."""

import pytest
from django.utils import timezone

from accounts import users
from chat import bans, members, messages, reactions, rooms, wire
from chat.errors import Archived, Forbidden, LastOwner, Muted
from chat.models import Membership, Room
from core.errors import Invalid, NotFound
from tests.chat.talk import NOWHERE, as_told, heard, people, promote, room, say, soon, types

pytestmark = pytest.mark.django_db


def test_entering_is_told_once_and_to_who_entered(passed):
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    with heard(made, "member.joined") as told, passed() as said:
        seen = members.join(user_id=bob, room_id=made)
        assert members.join(user_id=bob, room_id=made) == seen
    assert told[0] == as_told(members.get(user_id=alice, room_id=made, member_id=bob))
    assert [(each["users"], each["payload"]["type"], each["over"]) for each in said] == [
        ([str(bob)], "room.added", False)
    ]
    assert said[0]["payload"]["data"] == as_told(seen)
    assert (seen.role, seen.last_seq) == ("member", 1)


def test_who_is_added_is_told_and_again_is_nothing(passed):
    alice, bob = people("alice", "bob")
    made = room(alice)
    with heard(made, "member.joined"), passed() as said:
        assert members.add(actor_id=alice, room_id=made, user_id=bob).created
        assert not members.add(actor_id=alice, room_id=made, user_id=bob).created
        assert not members.add(actor_id=alice, room_id=made, user_id=alice).created
    assert [each["users"] for each in said] == [[str(bob)]]
    assert said[0]["payload"]["data"] == as_told(rooms.get(user_id=bob, room_id=made))


@pytest.mark.parametrize("how", ["leave", "remove oneself", "remove", "ban"])
def test_who_is_gone_is_told_with_the_reason(passed, how):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    with heard(made, "member.left") as told, passed() as said:
        {
            "leave": lambda: members.leave(user_id=bob, room_id=made),
            "remove oneself": lambda: members.remove(actor_id=bob, room_id=made, user_id=bob),
            "remove": lambda: members.remove(actor_id=alice, room_id=made, user_id=bob),
            "ban": lambda: bans.ban(actor_id=alice, room_id=made, user_id=bob),
        }[how]()
    reason = {"remove": "removed", "ban": "banned"}.get(how, "left")
    assert told == [{"user": {"id": str(bob), "username": "bob"}, "reason": reason}]
    assert [(each["users"], each["room"], each["over"]) for each in said] == [([str(bob)], str(made), True)]
    assert said[0]["payload"] == {"type": "room.removed", "room": str(made), "reason": reason}


@pytest.mark.parametrize("who", ["nobody", "a deactivated one", "an erased one", "a banned one"])
def test_who_is_not_added(who):
    alice, bob = people("alice", "bob")
    made = room(alice)
    if who == "a deactivated one":
        users.deactivate(user_id=bob)
    if who == "an erased one":
        users.erase(user_id=bob)
    if who == "a banned one":
        bans.ban(actor_id=alice, room_id=made, user_id=bob)
    with heard(made), pytest.raises(Invalid) as refused:
        members.add(actor_id=alice, room_id=made, user_id=NOWHERE if who == "nobody" else bob)
    (violation,) = refused.value.violations
    assert (violation.field, violation.code) == ("user", "banned" if who == "a banned one" else "unknown")


def test_an_archived_room_takes_nobody_new_and_keeps_who_is_there():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, kind="public")
    rooms.archive(actor_id=alice, room_id=made)
    with pytest.raises(Archived):
        members.join(user_id=carol, room_id=made)
    with pytest.raises(Archived):
        members.add(actor_id=alice, room_id=made, user_id=carol)
    assert members.join(user_id=bob, room_id=made).role == "member"
    assert not members.add(actor_id=alice, room_id=made, user_id=bob).created
    members.change_role(actor_id=alice, room_id=made, user_id=bob, role="moderator")
    members.leave(user_id=bob, room_id=made)


# Roles

RANKS = ("member", "moderator", "owner")


@pytest.mark.parametrize("other", RANKS)
@pytest.mark.parametrize("actor", RANKS)
def test_one_acts_on_those_below_oneself(actor, other):
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(carol, alice, bob)
    promote(made, alice, actor)
    promote(made, bob, other)
    may = actor != "member" and RANKS.index(actor) > RANKS.index(other)
    for act, event in [
        (lambda: members.mute(actor_id=alice, room_id=made, user_id=bob, until=soon()), "member.updated"),
        (lambda: members.mute(actor_id=alice, room_id=made, user_id=bob, until=None), "member.updated"),
        (lambda: members.remove(actor_id=alice, room_id=made, user_id=bob), "member.left"),
        (lambda: bans.ban(actor_id=alice, room_id=made, user_id=bob), "member.left"),
    ]:
        with heard(made, *[event] * may):
            if may:
                act()
            else:
                with pytest.raises(Forbidden):
                    act()
        if not Membership.objects.filter(user=bob).exists():
            bans.unban(actor_id=carol, room_id=made, user_id=bob)
            members.add(actor_id=alice, room_id=made, user_id=bob)
            promote(made, bob, other)


def test_a_role_is_changed_once():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    with heard(made, "member.updated") as told:
        member = members.change_role(actor_id=alice, room_id=made, user_id=bob, role="moderator")
        assert members.change_role(actor_id=alice, room_id=made, user_id=bob, role="moderator") == member
    assert told == [as_told(member)]
    assert member.role == "moderator"
    assert members.get(user_id=bob, room_id=made, member_id=bob) == member


@pytest.mark.parametrize("role", ["", "Owner", "banned", "admin"])
def test_what_is_no_role(role):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    with heard(made), pytest.raises(Invalid):
        members.change_role(actor_id=alice, room_id=made, user_id=bob, role=role)


def test_the_role_of_who_is_no_member():
    alice, bob = people("alice", "bob")
    made = room(alice)
    for act in (
        lambda: members.change_role(actor_id=alice, room_id=made, user_id=bob, role="member"),
        lambda: members.transfer(actor_id=alice, room_id=made, user_id=bob),
        lambda: members.mute(actor_id=alice, room_id=made, user_id=NOWHERE, until=soon()),
        lambda: members.remove(actor_id=alice, room_id=made, user_id=bob),
    ):
        with heard(made), pytest.raises(NotFound):
            act()


def test_the_last_owner_stays_one_until_there_is_another():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    for act in (
        lambda: members.leave(user_id=alice, room_id=made),
        lambda: members.change_role(actor_id=alice, room_id=made, user_id=alice, role="moderator"),
    ):
        with heard(made), pytest.raises(LastOwner):
            act()
    with heard(made):
        members.change_role(actor_id=alice, room_id=made, user_id=alice, role="owner")
    with heard(made, "member.updated", "member.updated", "member.left"):
        members.change_role(actor_id=alice, room_id=made, user_id=bob, role="owner")
        members.change_role(actor_id=alice, room_id=made, user_id=alice, role="member")
        members.leave(user_id=alice, room_id=made)


def test_a_room_that_is_handed_over_has_the_new_owner_first():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    with heard(made, "member.updated", "member.updated") as told:
        heir = members.transfer(actor_id=alice, room_id=made, user_id=bob)
    assert told[0] == as_told(heir)
    assert [(each["user"]["username"], each["role"]) for each in told] == [("bob", "owner"), ("alice", "moderator")]
    with heard(made), pytest.raises(Forbidden):
        members.transfer(actor_id=alice, room_id=made, user_id=alice)
    with heard(made):
        assert members.transfer(actor_id=bob, room_id=made, user_id=bob).role == "owner"


def test_handed_to_another_owner_it_is_theirs_alone():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    promote(made, bob, "owner")
    with heard(made, "member.updated") as told:
        members.transfer(actor_id=alice, room_id=made, user_id=bob)
    assert (told[0]["user"]["username"], told[0]["role"]) == ("alice", "moderator")


# Muted


def test_who_is_muted_is_told_until_when_and_the_same_again_is_nothing():
    alice, bob = people("alice", "bob")
    made, until = room(alice, bob), soon(100)
    with heard(made, "member.updated") as told:
        member = members.mute(actor_id=alice, room_id=made, user_id=bob, until=until)
        assert members.mute(actor_id=alice, room_id=made, user_id=bob, until=until) == member
    assert told == [as_told(member)]
    assert member.muted_until == wire.moment(until) == rooms.get(user_id=bob, room_id=made).muted_until
    with heard(made), pytest.raises(Muted) as refused:
        say(bob, made)
    assert 0 < refused.value.retry_after <= 100
    with heard(made, "member.updated", "message.created") as told:
        assert members.mute(actor_id=alice, room_id=made, user_id=bob, until=None).muted_until is None
        members.mute(actor_id=alice, room_id=made, user_id=bob, until=None)
        say(bob, made)
    assert told[0]["muted_until"] is None


def test_it_ends_by_itself():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    Membership.objects.filter(user=bob).update(muted_until=timezone.now())
    with heard(made, "message.created", "reaction.added"):
        said = say(bob, made)
        reactions.add(user_id=bob, room_id=made, message_id=said.id, emoji="🎉")


@pytest.mark.parametrize("seconds", [-1, 0, -1e9])
def test_it_ends_in_time_to_come(seconds):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    with heard(made), pytest.raises(Invalid, match="in the future"):
        members.mute(actor_id=alice, room_id=made, user_id=bob, until=soon(seconds))


@pytest.mark.parametrize("way", ["change_role", "transfer"])
def test_an_owner_is_heard(way):
    """Nobody could unmute them."""
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    members.mute(actor_id=alice, room_id=made, user_id=bob, until=soon())
    if way == "transfer":
        member = members.transfer(actor_id=alice, room_id=made, user_id=bob)
    else:
        member = members.change_role(actor_id=alice, room_id=made, user_id=bob, role="owner")
    assert (member.role, member.muted_until) == ("owner", None)
    say(bob, made)


def test_who_is_muted_and_sends_again_what_was_sent_is_answered():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(bob, made, client_ref="r")
    members.mute(actor_id=alice, room_id=made, user_id=bob, until=soon())
    rooms.archive(actor_id=alice, room_id=made)
    with heard(made):
        again = messages.send(author_id=bob, room_id=made, body="x", client_ref="r")
    assert (again.created, again.message) == (False, said)


def test_who_comes_back_is_a_new_member():
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind="public")
    members.change_role(actor_id=alice, room_id=made, user_id=bob, role="moderator")
    members.leave(user_id=bob, room_id=made)
    assert members.join(user_id=bob, room_id=made).role == "member"
    assert types(made) == ["member.joined", "member.updated", "member.left", "member.joined"]
    assert Room.objects.get().last_seq == 4
