"""Who is in charge of a room whose owner was erased."""

import pytest

from accounts import users
from chat import members
from chat.models import Message
from tests.erasure.people import erase, log_of, nothing_is_left, person, roles, room, say, set_role, types

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_longest_standing_moderator_has_the_room():
    alice, bob, carol, dora = map(person, ("alice", "bob", "carol", "dora"))
    made = room(alice, bob, carol, dora)
    for moderator in (carol, dora):
        set_role(made, moderator, "moderator")
    erase(alice)
    assert roles(made) == {bob: "member", carol: "owner", dora: "moderator"}
    assert types(made)[-3:] == ["member.left", "member.updated", "user.erased"]
    assert log_of(made)[-2]["data"]["user"]["id"] == str(carol)
    assert log_of(made)[-2]["data"]["role"] == "owner"


def test_else_the_longest_standing_member_who_may_sign_in():
    alice, bob, carol, dora = map(person, ("alice", "bob", "carol", "dora"))
    made = room(alice, bob, carol, dora)
    set_role(made, bob, "moderator")
    users.deactivate(user_id=bob)
    erase(alice)
    assert roles(made) == {bob: "moderator", carol: "owner", dora: "member"}


def test_a_room_that_has_another_owner_keeps_them():
    alice, bob, carol = map(person, ("alice", "bob", "carol"))
    made = room(alice, bob, carol)
    set_role(made, carol, "owner")
    erase(alice)
    assert roles(made) == {bob: "member", carol: "owner"}
    assert "member.updated" not in types(made)


def test_a_room_with_nobody_left_is_nobodys():
    alice = person("alice")
    made = room(alice, kind="public")
    erase(alice)
    assert roles(made) == {}
    members.join(user_id=person("bob"), room_id=made)


def test_one_after_the_other_until_nobody_is_left():
    people = [person(name) for name in ("alice", "bob", "carol")]
    made = room(*people)
    for number, each in enumerate(people):
        say(each, made)
        erase(each)
        assert list(roles(made).values()).count("owner") == (1 if number < 2 else 0)
    assert nothing_is_left("alice")
    assert Message.objects.count() == 3
