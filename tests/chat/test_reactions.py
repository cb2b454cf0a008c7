"""Reactions: one of a kind from each member, counted in the message."""

import pytest

from chat import edits, messages, reactions
from chat.errors import LimitExceeded
from chat.models import Message, Reaction
from core.errors import Invalid
from tests.chat.talk import as_told, at_once, committed, heard, people, room, say, told

pytestmark = pytest.mark.django_db


def add(who, said, emoji="👍"):
    return reactions.add(user_id=who, room_id=said.room, message_id=said.id, emoji=emoji)


def remove(who, said, emoji="👍"):
    return reactions.remove(user_id=who, room_id=said.room, message_id=said.id, emoji=emoji)


def counts(message) -> list[tuple[str, int]]:
    return [(each.emoji, each.count) for each in message.reactions]


def test_a_reaction_is_told_with_all_that_there_are():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(alice, made)
    with heard(made, "reaction.added", "reaction.added", "reaction.added") as events:
        add(bob, said, "👍")
        add(bob, said, "🎉")
        now = add(alice, said, "👍")
    assert counts(now) == [("👍", 2), ("🎉", 1)]
    assert messages.get(user_id=bob, room_id=made, message_id=said.id) == now
    assert events[-1] == {
        "message": str(said.id),
        "user": {"id": str(alice), "username": "alice"},
        "emoji": "👍",
        "reactions": as_told(now)["reactions"],
    }
    assert now.edited_at is None
    found = [reactions.to_wire(row) for row in reactions.list_reactions(user_id=bob, room_id=made, message_id=said.id)]
    assert [(each.user.username, each.emoji) for each in found] == [("bob", "👍"), ("bob", "🎉"), ("alice", "👍")]


def test_again_is_nothing():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(alice, made)
    with heard(made, "reaction.added"):
        assert add(bob, said) == add(bob, said)
    with heard(made, "reaction.removed") as events:
        assert counts(remove(bob, said)) == []
        assert counts(remove(bob, said)) == []
        assert counts(remove(alice, said)) == []
    assert events[0]["reactions"] == []
    assert messages.get(user_id=alice, room_id=made, message_id=said.id) == said


def test_one_takes_back_ones_own_only():
    alice, bob = people("alice", "bob")
    said = say(alice, room(alice, bob))
    add(alice, said)
    add(bob, said)
    assert counts(remove(bob, said)) == [("👍", 1)]
    assert counts(remove(bob, said)) == [("👍", 1)]
    assert Reaction.objects.get().user_id == alice


def test_kinds_come_in_the_order_in_which_they_came_to_the_message():
    alice, bob = people("alice", "bob")
    said = say(alice, room(alice, bob))
    for who, emoji in [(alice, "🅱️"), (alice, "🅰️"), (bob, "😀"), (bob, "🅰️"), (bob, "🅱️")]:
        add(who, said, emoji)
    remove(alice, said, "🅱️")
    assert counts(remove(bob, said, "😀")) == [("🅱️", 1), ("🅰️", 2)]
    remove(bob, said, "🅱️")
    assert counts(add(bob, said, "🅱️")) == [("🅰️", 2), ("🅱️", 1)]


def test_an_edit_keeps_them_and_the_log_has_them_once():
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made)
    add(alice, said)
    changed = edits.edit(actor_id=alice, room_id=made, message_id=said.id, body="y")
    assert counts(changed) == [("👍", 1)]
    assert [event["data"]["reactions"] for event in told(made)] == [as_told(changed)["reactions"]] * 3


EMOJI = [
    *("👍", "☝", "❤️", "❤", "©️", "🫩"),
    *("👍🏽", "☝🏽", "☝️🏽"),
    *("👩‍👩‍👧‍👦", "🏴‍☠️", "👩🏽‍🚀", "🧑🏿‍❤️‍💋‍🧑🏻", "🙂‍↔️"),
    *("🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "3️⃣", "#️⃣", "*⃣"),
    # reserved for emoji to come
    "\U0001faff",
    *(":party_parrot:", ":+1:", ":-1:", ":ты:", ":" + "x" * 62 + ":"),
]
REFUSED = [
    *("", " ", "\n", "\u00a0", "\u200d", "\ufe0f", "\u3164"),
    *(".", "..", "/", "./", "../..", "%2e", "%2E%2E", "?", "#", "a/b", "\\"),
    *("a", "x" * 64, "ты", "字", "7", "+1", "<b>"),
    *("\0", "👍\0", "\ud83d"),
    *(
        "👍👍",
        "👍 ",
        " 👍",
        "👍a",
        "a👍",
        "👍\u200d",
        "\u200d👍",
        "👍\u200d\u200d👍",
        "🇩",
        "🇩🇪🇫🇷",
        "3️",
        "👍⃣",
        "🏽",
        "🏴\U000e0067",
    ),
    *(":", "::", ":a", "a:", ":a b:", ":..:", ":a/b:", ":%2e:", ":a:b:", ":\u3164:", ":a\u200b:", ":👍:"),
    *("x" * 65, "👍" * 65, ":" + "x" * 63 + ":"),
]


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_or_a_short_code(emoji):
    (alice,) = people("alice")
    said = say(alice, room(alice))
    assert counts(add(alice, said, emoji)) == [(emoji, 1)]
    assert counts(remove(alice, said, emoji)) == []


@pytest.mark.parametrize("emoji", REFUSED)
@pytest.mark.parametrize("act", [add, remove])
def test_what_is_none(act, emoji):
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made)
    with heard(made), pytest.raises(Invalid) as refused:
        act(alice, said, emoji)
    assert refused.value.violations[0].field == "emoji"


@pytest.mark.parametrize("emoji", ["..", "/", "+1", "ты", "x" * 64])
def test_what_was_stored_before_it_was_refused_can_be_removed(emoji):
    (alice,) = people("alice")
    said = say(alice, made := room(alice))
    Reaction.objects.create(message_id=said.id, user_id=alice, emoji=emoji)
    Message.objects.filter(id=said.id).update(reactions=[{"emoji": emoji, "count": 1}])
    with heard(made, "reaction.removed") as events:
        assert counts(remove(alice, said, emoji)) == []
    assert (events[0]["emoji"], events[0]["reactions"]) == (emoji, [])
    assert not Reaction.objects.exists()


def test_a_message_has_so_many_kinds(settings):
    settings.REACTIONS_PER_MESSAGE = 3
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(alice, made)
    for emoji in ("🅰️", "🅱️", "😀"):
        add(alice, said, emoji)
    with heard(made), pytest.raises(LimitExceeded, match="at most 3"):
        add(bob, said, "😎")
    assert not Reaction.objects.filter(emoji="😎").exists()
    assert counts(add(bob, said, "😀")) == [("🅰️", 1), ("🅱️", 1), ("😀", 2)]
    remove(alice, said, "🅰️")
    assert counts(add(bob, said, "😎")) == [("🅱️", 1), ("😀", 2), ("😎", 1)]


def test_a_page_says_which_are_ones_own(django_assert_num_queries):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = [say(alice, made, str(number)) for number in range(5)]
    add(alice, said[0], "🅰️")
    add(bob, said[0], "🅱️")
    add(bob, said[0], "😀")
    add(bob, said[3], "🅰️")
    with django_assert_num_queries(3):
        page = messages.page(user_id=bob, room_id=made, limit=50)
    assert page.own_reactions == {said[0].id: ["🅱️", "😀"], said[3].id: ["🅰️"]}
    assert messages.page(user_id=alice, room_id=made, limit=50).own_reactions == {said[0].id: ["🅰️"]}


@committed
def test_they_are_counted_right_however_many_react_at_once():
    everybody = people("alice", *(f"user{number}" for number in range(7)))
    said = say(everybody[0], made := room(*everybody))
    at_once(*(lambda who=who: (add(who, said, "🅰️"), add(who, said, "🅱️"), remove(who, said, "🅰️")) for who in everybody))
    now = messages.get(user_id=everybody[0], room_id=made, message_id=said.id)
    assert counts(now) == [("🅱️", 8)]
    changes = [event for event in told(made) if event["type"].startswith("reaction.")]
    assert len(changes) == 24
    running: dict[str, int] = {}
    for event in changes:
        data = event["data"]
        running[data["emoji"]] = running.get(data["emoji"], 0) + (1 if event["type"] == "reaction.added" else -1)
        assert {each["emoji"]: each["count"] for each in data["reactions"]} == {k: n for k, n in running.items() if n}


@committed
def test_the_same_at_once_is_one():
    alice, bob = people("alice", "bob")
    said = say(alice, made := room(alice, bob))
    at_once(*[lambda: add(bob, said)] * 6)
    assert Reaction.objects.count() == 1
    assert [event["type"] for event in told(made)].count("reaction.added") == 1
    at_once(*[lambda: remove(bob, said)] * 6)
    assert [event["type"] for event in told(made)].count("reaction.removed") == 1
    assert messages.get(user_id=bob, room_id=made, message_id=said.id).reactions == []
