"""Erasing somebody who edited, reacted, was named, was banned and talked with one other."""

import contextlib
import json

import pytest
from django.apps import apps

from chat import bans, custom_events, edits, members, mentions, messages, reactions, rooms
from chat.models import Ban, Event, Mention, Message, Reaction, Revision
from core.errors import NotFound
from tests.accounts.at_once import at_once
from tests.erasure.people import erase, log_of, nothing_is_left, person, roles, room, say, set_role, types

pytestmark = pytest.mark.django_db(transaction=True)


def kept() -> str:
    """All rows of all tables of chat, as text."""
    rows = [list(model.objects.values_list()) for model in apps.get_app_config("chat").get_models()]
    return str(rows)


def test_nothing_they_ever_said_is_left():
    alice, bob = person("alice"), person("bob")
    made, direct = room(bob, alice), rooms.direct(user_id=bob, peer_id=alice).room.id
    set_role(made, alice, "moderator")
    for each in (made, direct):
        said = messages.send(author_id=alice, room_id=each, body="words", data={"words": 1}, client_ref="words").message
        for body in ("words 2 @bob", "words 3 @bob"):
            edits.edit(actor_id=alice, room_id=each, message_id=said.id, body=body, data={"body": body})
        gone = messages.send(author_id=alice, room_id=each, body="words 4", client_ref="words 5").message
        edits.edit(actor_id=alice, room_id=each, message_id=gone.id, body="words 6")
        edits.delete(actor_id=alice, room_id=each, message_id=gone.id)
        reactions.add(user_id=bob, room_id=each, message_id=said.id, emoji="👍")
    custom_events.send(sender_id=alice, room_id=made, name="of_the_app", data={"deep": [{"text": "words 7"}]})
    custom_events.send(sender_id=bob, room_id=made, name="x", data={"by": "bob"})
    assert kept().count("words") > 20
    erase(alice)
    assert nothing_is_left("alice")
    assert "words" not in kept()
    assert not Revision.objects.exists()
    assert not Mention.objects.exists()
    assert not Reaction.objects.exists()
    sent = {event["type"]: event["data"] for event in log_of(made) if event["type"].startswith("custom.")}
    assert sent["custom.of_the_app"]["data"] is None
    assert sent["custom.x"]["data"] == {"by": "bob"}
    for each in (made, direct):
        told = [event["data"] for event in log_of(each) if event["type"] in ("message.created", "message.updated")]
        assert {(data["body"], data["data"], tuple(data["mentions"])) for data in told} == {("", None, ())}
        assert all(data["deleted_at"] and not data["reactions"] for data in told)
        assert types(each)[-1] == "user.erased"


def test_their_name_is_nowhere_whatever_told_of_it():
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    made = room(bob, alice, carol, kind="public")
    said = messages.send(author_id=bob, room_id=made, body="hello").message
    reactions.add(user_id=alice, room_id=made, message_id=said.id, emoji="👍")
    reactions.add(user_id=alice, room_id=made, message_id=said.id, emoji="🎉")
    reactions.remove(user_id=alice, room_id=made, message_id=said.id, emoji="🎉")
    set_role(made, alice, "moderator")
    bans.ban(actor_id=alice, room_id=made, user_id=carol)
    members.transfer(actor_id=bob, room_id=made, user_id=alice)
    members.transfer(actor_id=alice, room_id=made, user_id=bob)
    banned = room(bob, alice)
    bans.ban(actor_id=bob, room_id=banned, user_id=alice)
    elsewhere = room(bob, kind="public")
    bans.ban(actor_id=bob, room_id=elsewhere, user_id=alice)
    bans.unban(actor_id=bob, room_id=elsewhere, user_id=alice)
    left = room(bob, alice)
    members.leave(user_id=alice, room_id=left)
    erase(alice)
    assert nothing_is_left("alice")
    assert "alice" not in kept()
    for each in (made, banned, elsewhere, left):
        assert types(each)[-1] == "user.erased"
    assert not Ban.objects.filter(user=alice).exists()
    assert Ban.objects.get().user_id == carol
    assert messages.get(user_id=bob, room_id=made, message_id=said.id).reactions[0].count == 1


def test_who_named_them_is_left_with_their_words_and_nobody_is_called():
    alice, bob = person("alice"), person("bob")
    made = room(bob, alice)
    said = messages.send(author_id=bob, room_id=made, body="dear @alice").message
    assert said.mentions == [alice]
    erase(alice)
    assert messages.get(user_id=bob, room_id=made, message_id=said.id).body == "dear @alice"
    assert list(mentions.list_mentions(user_id=alice)) == []
    assert not Mention.objects.exists()


@pytest.mark.parametrize("edited", [False, True], ids=["as it was sent", "as it was edited"])
def test_what_others_quoted_stays_as_they_put_it(edited):
    """The log tells of a message what the message says."""
    alice, bob = person("alice"), person("bob")
    made = room(alice, bob)
    quoting = {"quoted": {"id": str(alice), "username": "somebody"}}
    said = messages.send(author_id=bob, room_id=made, body="x", data=None if edited else quoting).message
    if edited:
        edits.edit(actor_id=bob, room_id=made, message_id=said.id, body="x", data=quoting)
    erase(alice)
    told = [event["data"]["data"] for event in log_of(made) if event["type"].startswith("message.")]
    assert told == [quoting] * (1 + edited)
    assert Message.objects.get(id=said.id).data == quoting


def test_the_room_of_two_is_the_others_alone():
    alice, bob = person("alice"), person("bob")
    direct = rooms.direct(user_id=bob, peer_id=alice).room.id
    say(bob, direct)
    erase(alice)
    assert roles(direct) == {bob: "member"}
    assert types(direct) == ["message.created", "member.left", "user.erased"]
    again = rooms.direct(user_id=bob, peer_id=alice)
    assert (again.created, again.room.id, again.room.peer) == (False, direct, None)
    say(bob, direct)


@pytest.mark.parametrize("number", range(3))
def test_what_others_do_with_their_messages_meanwhile_leaves_nothing(number):
    """A moderator deletes, others react, and everybody goes on talking."""
    alice, bob, carol = person("alice"), person("bob"), person("carol")
    made = room(bob, carol, alice)
    say(alice, made, 30)
    said = list(Message.objects.filter(author=alice).order_by("seq"))
    members.leave(user_id=alice, room_id=made)
    work = [
        lambda: erase(alice),
        lambda: [edits.delete(actor_id=bob, room_id=made, message_id=each.id) for each in reversed(said[:15])],
        lambda: [_react(carol, made, each.id) for each in reversed(said)],
        lambda: say(carol, made, 10),
    ]
    at_once(4, lambda: work.pop()())
    assert _emptied(alice)
    seqs = [event["seq"] for event in log_of(made)]
    assert seqs == list(range(1, len(seqs) + 1))


def _react(who, made, message_id) -> None:
    with contextlib.suppress(NotFound):
        reactions.add(user_id=who, room_id=made, message_id=message_id, emoji="👍")


def _emptied(user) -> bool:
    """In the table and in the log, which say the same."""
    for row in Message.objects.filter(author=user).select_related("author"):
        assert (row.body, row.data, row.client_ref, row.mentions, row.reactions) == ("", None, None, None, None)
        for payload in Event.objects.filter(message=row, type__startswith="message.").values_list("payload", flat=True):
            told = json.loads(payload)["data"]
            assert (told["body"], told["data"], told["client_ref"], told["reactions"]) == ("", None, None, [])
            assert told["author"]["username"] == row.author.username != "alice"
    return not Reaction.objects.filter(message__author=user).exists()
