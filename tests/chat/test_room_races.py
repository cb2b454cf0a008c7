"""Two who change a room at once: whatever the order, what the log tells is a story that can have happened."""

from contextlib import suppress

import pytest

from chat import bans, custom_events, edits, members, messages, rooms
from chat.models import Ban, Event, Membership, Message, Revision, Room
from core.errors import RoomwireError
from tests.chat.talk import at_once, committed, head, people, promote, refusals, room, say, soon, told

pytestmark = committed

times = pytest.mark.parametrize("number", range(4))


def story(room_id) -> list[tuple[str, str | None]]:
    """Of the log: what happened, and to whom."""
    events = told(room_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert len(events) == head(room_id)
    return [(event["type"], _whom(event["data"])) for event in events]


def _whom(data) -> str | None:
    return (data.get("user") or data.get("author") or {}).get("username")


def owners(room_id) -> list[str]:
    return list(Membership.objects.filter(room=room_id, role="owner").values_list("user__username", flat=True))


def talking(who, room_id, count: int = 15):
    """Says so much, until it is refused; the code then."""

    def talk():
        for number in range(count):
            try:
                say(who, room_id, str(number))
            except RoomwireError as refusal:
                return refusal.code
        return None

    return talk


@times
def test_who_is_banned_while_they_enter_is_out(number):
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    at_once(
        lambda: members.join(user_id=bob, room_id=made),
        lambda: bans.ban(actor_id=alice, room_id=made, user_id=bob),
        lambda: members.add(actor_id=alice, room_id=made, user_id=bob),
    )
    assert not Membership.objects.filter(user=bob).exists()
    assert Ban.objects.count() == 1
    joined = [("member.joined", "bob")] * (len(story(made)) - 1)
    assert story(made) == [*joined, ("member.left", "bob")]
    assert len(joined) <= 1


@times
def test_who_enters_in_many_ways_at_once_enters_once(number):
    alice, bob = people("alice", "bob")
    made = room(alice, kind="public")
    at_once(
        *[lambda: members.join(user_id=bob, room_id=made)] * 3,
        *[lambda: members.add(actor_id=alice, room_id=made, user_id=bob)] * 3,
    )
    assert story(made) == [("member.joined", "bob")]


@times
@pytest.mark.parametrize("how", ["removed", "banned", "left"])
def test_who_is_out_is_not_heard_after_it(number, how):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    out = {
        "removed": lambda: members.remove(actor_id=alice, room_id=made, user_id=bob),
        "banned": lambda: bans.ban(actor_id=alice, room_id=made, user_id=bob),
        "left": lambda: members.leave(user_id=bob, room_id=made),
    }[how]
    at_once(talking(bob, made), talking(alice, made), out)
    happened = story(made)
    left = happened.index(("member.left", "bob"))
    assert ("message.created", "bob") not in happened[left:]
    assert happened.count(("message.created", "alice")) == 15


@times
def test_who_is_muted_is_not_heard_after_it(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    at_once(
        talking(bob, made),
        talking(bob, made),
        lambda: members.mute(actor_id=alice, room_id=made, user_id=bob, until=soon()),
    )
    happened = story(made)
    assert ("message.created", "bob") not in happened[happened.index(("member.updated", "bob")) :]


@times
@pytest.mark.parametrize("how", ["archived", "deleted"])
def test_in_a_room_that_is_closed_nothing_happens_after_it(number, how):
    alice, bob = people("alice", "bob")
    made = room(alice, bob, kind="public")
    said = say(bob, made)
    ways = {"archived": rooms.archive, "deleted": rooms.delete}
    at_once(
        talking(bob, made),
        talking(alice, made),
        lambda: ways[how](actor_id=alice, room_id=made),
        lambda: [_edit(bob, said, str(number)) for number in range(9)],
        lambda: [_send_custom(alice, made) for _ in range(9)],
    )
    assert told(made)[-1]["type"] == f"room.{how}"


def _edit(who, said, body: str) -> None:
    with suppress(RoomwireError):
        edits.edit(actor_id=who, room_id=said.room, message_id=said.id, body=body)


def _send_custom(who, room_id) -> None:
    with suppress(RoomwireError):
        custom_events.send(sender_id=who, room_id=room_id, name="x")


# Owners


@times
def test_of_two_owners_who_leave_at_once_one_stays(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    promote(made, bob, "owner")
    outcomes = at_once(*(lambda who=who: members.leave(user_id=who, room_id=made) for who in (alice, bob)))
    assert refusals(outcomes) == ["last_owner"]
    assert len(owners(made)) == 1


@times
def test_two_owners_who_put_each_other_down_at_once(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    promote(made, bob, "owner")

    def put_down(who, whom):
        return members.change_role(actor_id=who, room_id=made, user_id=whom, role="member")

    outcomes = at_once(lambda: put_down(alice, bob), lambda: put_down(bob, alice))
    assert refusals(outcomes) == ["forbidden"]
    assert len(owners(made)) == 1


@times
def test_a_room_that_is_handed_to_many_at_once_is_of_one(number):
    alice, *heirs = people("alice", "bob", "carol", "dora")
    made = room(alice, *heirs)
    outcomes = at_once(
        *(lambda heir=heir: members.transfer(actor_id=alice, room_id=made, user_id=heir) for heir in heirs)
    )
    assert refusals(outcomes) == ["forbidden"] * 2
    (owner,) = owners(made)
    assert story(made)[-2:] == [("member.updated", owner), ("member.updated", "alice")]


@times
def test_a_room_that_is_handed_to_who_leaves_is_not_left_without_an_owner(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    outcomes = at_once(
        lambda: members.transfer(actor_id=alice, room_id=made, user_id=bob),
        lambda: members.leave(user_id=bob, room_id=made),
    )
    assert refusals(outcomes) in (["not_found"], ["last_owner"])
    assert len(owners(made)) == 1


# Messages


@times
def test_edits_at_once_are_all_in_the_history_of_one_of_them(number):
    (alice,) = people("alice")
    made = room(alice)
    said = say(alice, made, "0")
    at_once(*(lambda body=body: _edit(alice, said, body) for body in "12345"))
    events = [event["data"] for event in told(made)]
    final = messages.get(user_id=alice, room_id=made, message_id=said.id).body
    assert {event["body"] for event in events} == {final}
    kept = [each.body for each in edits.revisions(user_id=alice, room_id=made, message_id=said.id)]
    assert kept[0] == "0"
    assert sorted([*kept, final]) == list("012345")
    assert len(events) == 6


@times
def test_what_is_deleted_while_it_is_edited_is_gone(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(bob, made, "words")
    at_once(
        lambda: [_edit(bob, said, f"words {number}") for number in range(9)],
        lambda: edits.delete(actor_id=alice, room_id=made, message_id=said.id),
    )
    assert told(made)[-1]["type"] == "message.deleted"
    assert not Event.objects.filter(payload__contains="words").exists()
    assert not Revision.objects.exists()
    assert Message.objects.get().body == ""


@times
def test_a_change_of_a_room_by_two_is_told_in_the_order_in_which_it_was_made(number):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    promote(made, bob, "moderator")
    at_once(
        lambda: [rooms.change(actor_id=alice, room_id=made, topic=f"a{number}") for number in range(5)],
        lambda: [rooms.change(actor_id=bob, room_id=made, name=f"b{number}") for number in range(5)],
    )
    last = told(made)[-1]["data"]
    now = Room.objects.get()
    assert (last["name"], last["topic"]) == (now.name, now.topic) == ("b4", "a4")
