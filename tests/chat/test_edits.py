"""Messages edited and deleted: what is left of the words that were taken back, and who may see them."""

import json
from uuid import UUID

import pytest

from chat import edits, members, mentions, messages, reactions, rooms
from chat.errors import Forbidden, LimitExceeded, NotAMember
from chat.eventlog import effects
from chat.models import Event, Mention, Message, Reaction, Revision
from core.errors import Invalid, NotFound
from tests.chat.talk import NOWHERE, as_told, heard, people, promote, room, say, told

pytestmark = pytest.mark.django_db


def edit(who: UUID, said, body: str, **data):
    return edits.edit(actor_id=who, room_id=said.room, message_id=said.id, body=body, **data)


def delete(who: UUID, said):
    return edits.delete(actor_id=who, room_id=said.room, message_id=said.id)


def in_log(words: str) -> bool:
    return Event.objects.filter(payload__contains=words).exists()


def test_the_log_says_what_a_message_says_now():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(alice, made, "first words", data={"a": "first data"}, client_ref="r")
    with heard(made, "message.updated") as events:
        changed = edit(alice, said, "second", data={"b": 2})
    assert (changed.body, changed.data, changed.seq, changed.client_ref) == ("second", {"b": 2}, said.seq, "r")
    assert changed.edited_at is not None
    assert changed.created_at == said.created_at
    assert events == [as_told(changed)]
    assert messages.get(user_id=bob, room_id=made, message_id=said.id) == changed
    assert [event["data"] for event in told(made, said.seq - 1)] == [as_told(changed)] * 2
    assert not in_log("first")


def test_the_event_of_an_edit_has_hubs_forget_what_they_remember():
    alice, *_ = people("alice")
    made = room(alice)
    said = say(alice, made, "x")
    edit(alice, said, "y")
    delete(alice, said)
    payloads = list(Event.objects.order_by("seq").values_list("payload", flat=True))
    assert [effects.invalidates_history(payload) for payload in payloads] == [False, True, True]


def test_what_it_said_is_kept_for_who_wrote_it_and_who_keeps_order():
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, carol)
    said = say(bob, made, "one", data={"n": 1})
    for number, body in enumerate(("two", "three")):
        edit(bob, said, body, data={"n": number})
    for who in (alice, bob):
        kept = edits.revisions(user_id=who, room_id=made, message_id=said.id)
        assert [(each.body, each.data) for each in kept] == [("one", {"n": 1}), ("two", {"n": 0})]
        assert said.created_at <= kept[0].replaced_at <= kept[1].replaced_at
    with pytest.raises(Forbidden):
        edits.revisions(user_id=carol, room_id=made, message_id=said.id)
    assert not in_log("one")
    assert not in_log("two")


SAME = [
    ("x", {}),
    ("x", {"data": {"b": 1, "a": [1.5, True, None]}}),
    ("x", {"data": {"a": [1.5, True, None], "b": 1}}),
]


@pytest.mark.parametrize(("body", "data"), SAME, ids=["without data", "the same data", "in another order"])
def test_the_same_again_is_nothing(body, data):
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made, "x", data={"b": 1, "a": [1.5, True, None]})
    with heard(made):
        assert edit(alice, said, body, **data) == said
    assert not Revision.objects.exists()


OTHER = {
    "true": ({"done": 1}, {"done": True}),
    "false": ({"done": False}, {"done": 0}),
    "nothing": ({"a": 1}, {}),
    "something": (None, {}),
    "deep": ({"a": [[{"a": 1}]]}, {"a": [[{"a": True}]]}),
    "order": ({"a": [1, 2]}, {"a": [2, 1]}),
    "text": ({"a": 1}, {"a": "1"}),
}


@pytest.mark.parametrize("name", OTHER)
def test_other_data_is_another_message(name):
    """Also where Python thinks they are equal."""
    (alice,) = people("alice")
    made = room(alice)
    before, after = OTHER[name]
    said = say(alice, made, "x", data=before)
    with heard(made, "message.updated"):
        changed = edit(alice, said, "x", data=after)
    assert json.dumps(changed.data) == json.dumps(Message.objects.get().data) == json.dumps(after)
    assert json.dumps(Revision.objects.get().data) == json.dumps(before)


def test_an_edit_without_data_keeps_it_and_an_empty_object_clears_it():
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made, "x", data={"a": 1})
    assert edit(alice, said, "y").data == {"a": 1}
    assert edit(alice, said, "z", data=None).data == {"a": 1}
    assert edit(alice, said, "z", data={}).data == {}
    assert Message.objects.get().data == {}


@pytest.mark.parametrize(
    "asked",
    [{"body": ""}, {"body": " "}, {"body": "x" * 4_001}, {"body": "\0"}, {"body": "y", "data": {"a": "x" * 16_384}}],
    ids=["empty", "blank", "long", "NUL", "much data"],
)
def test_an_edit_that_is_invalid_changes_nothing(asked):
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made)
    with heard(made), pytest.raises(Invalid):
        edits.edit(actor_id=alice, room_id=made, message_id=said.id, **asked)


def test_a_message_is_edited_so_often_and_no_more(settings):
    """Each edit rewrites what the log says of those before it."""
    settings.EDITS_PER_MESSAGE = 3
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made)
    for number in range(3):
        edits.edit(actor_id=alice, room_id=made, message_id=said.id, body=f"m{number}")
    with pytest.raises(LimitExceeded, match="3"):
        edits.edit(actor_id=alice, room_id=made, message_id=said.id, body="m3")
    assert edits.edit(actor_id=alice, room_id=made, message_id=said.id, body="m2").body == "m2"
    assert len(edits.revisions(user_id=alice, room_id=made, message_id=said.id)) == 3


def test_only_who_wrote_it_edits_it():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(bob, made, "mine")
    with heard(made), pytest.raises(Forbidden):
        edit(alice, said, "yours")


def test_what_is_not_there_is_not_edited_and_not_deleted():
    (alice,) = people("alice")
    here, there = room(alice), room(alice)
    elsewhere = say(alice, there)
    for message_id in (NOWHERE, elsewhere.id):
        for act in (
            lambda message_id=message_id: edits.edit(actor_id=alice, room_id=here, message_id=message_id, body="y"),
            lambda message_id=message_id: edits.delete(actor_id=alice, room_id=here, message_id=message_id),
            lambda message_id=message_id: edits.revisions(user_id=alice, room_id=here, message_id=message_id),
            lambda message_id=message_id: reactions.add(user_id=alice, room_id=here, message_id=message_id, emoji="👍"),
        ):
            with heard(here), heard(there), pytest.raises(NotFound):
                act()


def test_who_left_neither_edits_nor_deletes_what_they_said():
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind="public")
    said = say(bob, made)
    members.leave(user_id=bob, room_id=made)
    for act in (lambda: edit(bob, said, "y"), lambda: delete(bob, said)):
        with heard(made), pytest.raises(NotAMember):
            act()


# Deleted


@pytest.mark.parametrize("who", ["its author", "a moderator"])
def test_nothing_is_left_of_what_is_deleted(who):
    alice, bob, carol = people("alice", "bob", "carol")
    made = room(alice, bob, carol)
    promote(made, carol, "moderator")
    said = say(bob, made, "words @alice", data={"words": ["words"]}, client_ref="ref")
    edit(bob, said, "words again @alice @carol")
    reactions.add(user_id=alice, room_id=made, message_id=said.id, emoji="👍")
    reply = say(alice, made, "so?", reply_to=said.id)
    actor = bob if who == "its author" else carol
    with heard(made, "message.deleted") as events:
        gone = delete(actor, said)
        assert delete(actor, said) == gone
    assert events == [as_told(gone)]
    assert (gone.body, gone.data, gone.mentions, gone.reactions) == ("", None, [], [])
    assert gone.deleted_at is not None
    assert messages.get(user_id=alice, room_id=made, message_id=said.id) == gone
    assert not in_log("words")
    for model in (Revision, Mention, Reaction):
        assert not model.objects.exists()
    assert list(mentions.list_mentions(user_id=alice)) == []
    assert edits.revisions(user_id=alice, room_id=made, message_id=said.id) == []
    assert list(messages.page(user_id=alice, room_id=made, reply_to=said.id, limit=5).messages) == [reply]
    say(alice, made, "and?", reply_to=said.id)


def test_what_is_deleted_takes_nothing_more():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(bob, made)
    delete(bob, said)
    for act in (
        lambda: edit(bob, said, "back"),
        lambda: reactions.add(user_id=bob, room_id=made, message_id=said.id, emoji="👍"),
        lambda: reactions.remove(user_id=bob, room_id=made, message_id=said.id, emoji="👍"),
    ):
        with heard(made), pytest.raises(NotFound):
            act()
    with heard(made):
        delete(alice, said)


def test_sent_again_what_was_deleted_stays_deleted():
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made, "words", client_ref="ref")
    gone = delete(alice, said)
    with heard(made):
        again = messages.send(author_id=alice, room_id=made, body="words", client_ref="ref")
    assert (again.created, again.message) == (False, gone)


def test_nobody_keeps_order_between_two():
    alice, bob = people("alice", "bob")
    made = rooms.direct(user_id=alice, peer_id=bob).room.id
    said = say(alice, made)
    edit(alice, said, "y")
    with pytest.raises(Forbidden):
        delete(bob, said)
    with pytest.raises(Forbidden):
        edits.revisions(user_id=bob, room_id=made, message_id=said.id)
    assert delete(alice, said).deleted_at is not None


# Replies


def test_replies_are_those_of_one_message_in_their_order():
    alice, bob = people("alice", "bob")
    made, elsewhere = room(alice, bob), room(alice)
    question, other = say(alice, made, "?"), say(alice, made, "!")
    replies = [say(who, made, str(number), reply_to=question.id) for number, who in enumerate((alice, bob) * 3)]
    say(bob, made, "not this", reply_to=other.id)
    say(bob, made, "nor this", reply_to=replies[0].id)

    def page(**bounds):
        found = messages.page(user_id=bob, room_id=made, reply_to=question.id, **bounds)
        return [message.body for message in found.messages], found.older, found.newer

    assert page(limit=9) == (["0", "1", "2", "3", "4", "5"], False, False)
    assert page(limit=2) == (["4", "5"], True, False)
    assert page(limit=2, before_seq=replies[4].seq) == (["2", "3"], True, True)
    assert page(limit=2, after_seq=replies[0].seq) == (["1", "2"], True, True)
    for room_id, message_id in ((made, NOWHERE), (elsewhere, question.id)):
        with pytest.raises(NotFound):
            messages.page(user_id=alice, room_id=room_id, reply_to=message_id, limit=5)
