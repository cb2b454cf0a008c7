"""The steps of an erasure: done twice, at once, in part, and beside what others do."""

import contextlib
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction

from accounts import users
from accounts.errors import InvalidCredentials
from accounts.models import User
from chat import members, messages
from chat.errors import NotAMember
from chat.models import Message, Room
from chat.privacy import erasure
from tests.accounts.at_once import at_once
from tests.erasure.people import erase, log_of, nothing_is_left, person, roles, room, say, types, waiting

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broken():
    """A function that makes the database fail where a table's row is changed or added, until it is told to stop."""

    def break_(table: str, verb: str, when: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '57014'; END $$"
            )
            cursor.execute(
                f"CREATE TRIGGER broken BEFORE {verb} ON {table} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION fail()"
            )

    yield break_
    mend()


def mend() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS fail CASCADE")


# In part, twice, at once


@pytest.mark.parametrize(
    ("table", "verb", "when"),
    [
        ("chat_membership", "DELETE", "true"),
        ("chat_message", "UPDATE", "OLD.seq > 6"),
        ("chat_event", "UPDATE", "OLD.type = 'member.joined'"),
        ("chat_event", "INSERT", "NEW.type = 'user.erased'"),
        ("accounts_user", "UPDATE", "NEW.erased_at IS NOT NULL"),
    ],
    ids=["leaving", "emptying", "renaming", "telling", "ending"],
)
def test_what_fails_between_is_finished_later(broken, table, verb, when, monkeypatch):
    monkeypatch.setattr(erasure, "_AT_ONCE", 3)
    alice, bob = person("alice"), person("bob")
    made = [room(bob, alice), room(bob, alice)]
    for each in made:
        say(alice, each, 8)
    broken(table, verb, when)
    erase(alice)
    assert waiting()
    with pytest.raises(InvalidCredentials):
        erase(alice)
    assert not User.objects.filter(username="alice").exists()
    mend()
    assert erasure.resume() == 1
    assert nothing_is_left("alice")
    for each in made:
        assert types(each)[-1] == "user.erased"
        assert types(each).count("member.left") == 1
        told = {event["data"]["id"]: event["data"]["deleted_at"] for event in log_of(each) if "body" in event["data"]}
        assert len(told) == 8
        assert len(set(told.values())) == 1
    assert erasure.resume() == 0


def test_one_that_cannot_be_finished_holds_up_no_other(broken):
    alice, bob, carol = map(person, ("alice", "bob", "carol"))
    made = room(bob, alice, carol)
    say(alice, made)
    say(carol, made)
    for each in (alice, carol):
        users.erase(user_id=each)
    broken("chat_message", "UPDATE", f"OLD.author_id = '{alice}'")
    with pytest.raises(Exception, match="broken"):
        erasure.resume()
    assert [user.id for user in User.objects.filter(erasing_at__isnull=False)] == [alice]
    mend()
    assert erasure.resume() == 1
    assert nothing_is_left("alice")


@pytest.mark.parametrize("number", range(3))
def test_two_processes_may_finish_the_same(monkeypatch, number):
    """All workers that start look for it."""
    monkeypatch.setattr(erasure, "_AT_ONCE", 5)
    alice, bob = person("alice"), person("bob")
    made = [room(bob, alice), room(bob, alice)]
    for each in made:
        say(alice, each, 20)
    users.erase(user_id=alice)
    at_once(4, erasure.resume)
    assert nothing_is_left("alice")
    for each in made:
        assert types(each).count("member.left") == 1
        assert types(each)[-1] == "user.erased"


@pytest.mark.parametrize("number", range(3))
def test_two_who_ask_at_once_are_erased_once(number):
    alice, bob = person("alice"), person("bob")
    made = room(bob, alice)
    say(alice, made)

    def ask() -> None:
        with contextlib.suppress(InvalidCredentials):
            erase(alice)

    at_once(2, ask)
    assert nothing_is_left("alice")
    assert types(made).count("user.erased") == 1
    name = User.objects.get(id=alice).username
    assert {event["data"]["author"]["username"] for event in log_of(made) if "author" in event["data"]} == {name}


def test_everybody_of_a_room_is_erased_at_once():
    people = [person(f"person{number}") for number in range(4)]
    made = room(*people)
    for each in people:
        say(each, made, 3)
    left = list(people)
    at_once(4, lambda: erase(left.pop()))
    erasure.resume()  # for one who waited too long for the room
    assert nothing_is_left("person")
    assert roles(made) == {}


def test_a_long_log_is_looked_through_in_parts(monkeypatch):
    monkeypatch.setattr(erasure, "_LOOK_THROUGH", 2)
    alice, bob = person("alice"), person("bob")
    made = room(bob, alice)
    for _ in range(5):
        members.leave(user_id=alice, room_id=made)
        members.add(actor_id=bob, room_id=made, user_id=alice)
    members.leave(user_id=alice, room_id=made)
    erase(alice)
    assert nothing_is_left("alice")
    assert types(made)[-1] == "user.erased"


def test_what_others_said_stays_as_it_was():
    alice, bob = person("alice"), person("bob")
    made = room(alice, bob)
    quoting = {"quoted": {"id": str(alice), "username": "somebody"}, "number": 1.5, "nothing": None}
    said = messages.send(author_id=bob, room_id=made, body="my own", data=quoting, client_ref="x").message
    erase(alice)
    row = Message.objects.get(id=said.id)
    assert (row.body, row.data, row.client_ref, row.deleted_at) == ("my own", quoting, "x", None)
    (told,) = [event["data"] for event in log_of(made) if event["type"] == "message.created"]
    assert (told["body"], told["data"]) == ("my own", quoting)


def test_data_that_is_nested_as_deep_as_may_be_is_no_obstacle():
    alice = person("alice")
    made = room(alice, kind="public")
    deep: dict = {}
    for _ in range(30):
        deep = {"a": deep}
    messages.send(author_id=alice, room_id=made, body="words", data=deep)
    erase(alice)
    assert nothing_is_left("alice")


def test_what_was_deleted_before_keeps_its_time_and_loses_its_authors_name():
    alice, bob = person("alice"), person("bob")
    made = room(bob, alice)
    say(alice, made)
    message = Message.objects.get()
    Message.objects.update(body="", data=None, client_ref=None, deleted_at=message.created_at)
    erase(alice)
    assert Message.objects.get().deleted_at == message.created_at
    assert "alice" not in str(log_of(made))


# Under way elsewhere


def test_who_is_being_added_while_they_are_erased_is_no_member_and_not_named():
    """A moderator's request has read the user, and not committed yet, when the erasure begins."""
    alice, bob = person("alice"), person("bob")
    made = room(bob)
    with transaction.atomic():
        members.add(actor_id=bob, room_id=made, user_id=alice)
        at_once(1, lambda: _erase_or_wait(alice))
    erasure.resume()
    if User.objects.filter(id=alice, is_active=True).exists():
        erase(alice)
    assert "alice" not in str(log_of(made))
    assert alice not in roles(made)


def _erase_or_wait(user_id: UUID) -> None:
    """Waiting for a lock is refused after a moment, and may be tried again."""
    with contextlib.suppress(OperationalError):
        erase(user_id)


def test_who_was_erased_is_added_to_nothing():
    alice, bob = person("alice"), person("bob")
    made, public = room(bob, alice), room(bob, kind="public")
    erase(alice)
    with pytest.raises(Exception, match="does not exist"):
        members.add(actor_id=bob, room_id=made, user_id=alice)
    with pytest.raises(NotAMember):
        messages.send(author_id=alice, room_id=public, body="words")
    assert Room.objects.count() == 2
