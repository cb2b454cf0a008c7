"""What is stored is what is told: once, in order, and when everybody can read it."""

import json
import queue

import pytest

from chat import messages, rooms
from chat.eventlog import announcements as announced_events
from chat.eventlog import log
from chat.group_commit.drafts import Draft
from chat.models import Event, Message, Room
from core.announcer import announcer
from tests.drafts.batch import DEADLINE, committed, store, told

pytestmark = pytest.mark.django_db


def test_each_room_of_a_batch_is_announced_once_in_its_order(people, room, announcements):
    alice, bob, _ = people
    second = rooms.create(creator_id=alice, name="second", kind="public").id
    with announcements() as announced:
        store(
            Draft(alice, room, "1"),
            Draft(alice, second, "2"),
            Draft(bob, room, "3"),
            Draft(bob, second, "refused"),
            Draft(alice, second, "4"),
            Draft(alice, room, "5"),
        )
    puts = [each for each in announced if isinstance(getattr(each, "__self__", None), announced_events.Appended)]
    assert [callback.__func__ for callback in puts] == [announced_events.Appended.put] * 2
    said = [callback.__self__ for callback in puts]
    assert {events.room_id for events in said} == {room, second}
    for events in said:
        assert events.epoch == Room.objects.get(id=events.room_id).epoch
        entries = log.read(room_id=events.room_id, after=events.first - 1, limit=10)
        assert events.payloads == [entry.payload for entry in entries]
    assert [event["data"]["body"] for event in told(room)[1:]] == ["1", "3", "5"]
    assert [event["data"]["body"] for event in told(second)] == ["2", "4"]


def test_what_was_sent_before_is_not_announced_again(people, room, announcements):
    store(Draft(people[0], room, "x", "ref"))
    with announcements() as announced:
        store(Draft(people[0], room, "x", "ref"), Draft(people[0], room, "x", "ref"))
    assert announced == []


def test_what_is_returned_is_what_is_stored_and_told(people, room):
    (sent,) = store(Draft(people[0], room, "  x\u2028", "ref", data={"a": [1, 2.5, None, {"b": "é"}]}))
    event = told(room)[-1]
    assert (event["type"], event["seq"], event["data"]["id"]) == ("message.created", 2, str(sent.message.id))
    assert messages.get(user_id=people[0], room_id=room, message_id=sent.message.id) == sent.message
    assert Event.objects.get(message_id=sent.message.id).seq == sent.message.seq
    assert event["data"]["data"] == sent.message.data == {"a": [1, 2.5, None, {"b": "é"}]}


ANYTHING = {
    "null": None,
    "true": True,
    "zero": 0,
    "a whole number": 2**63 - 1,
    "a small one": -(2**63) + 1,
    "a fraction": -1.5e-300,
    "text": "text",
    "the text null": "null",
    "no text": "",
    "text that looks escaped": '\\u0000 \\\\ \\" {}',
    "text that needs escaping": '\x01\x1f\x7f\t"\\\u2028\u200f🧑‍🚀',
    "no list": [],
    "a list": [None, [True, "1", 1, 1.5], {}],
    "no object": {},
    "an object": {"": 1, "b": {"a": None}, "a": [], "id": "x", "é\n": {"seq": 7}},
}


@pytest.mark.parametrize("data", ANYTHING.values(), ids=ANYTHING.keys())
def test_whatever_is_said_is_stored_and_told_as_it_is(people, room, data):
    """In the middle of a batch of others, and in the body where it is text."""
    body = data if isinstance(data, str) and data else "x"
    data = data if data is None or isinstance(data, dict) else {"it": data}
    _, sent, _ = store(
        Draft(people[0], room, "x"),
        Draft(people[0], room, body, body, data=data),
        Draft(people[0], room, "x", data={"n": 1}),
    )
    stored = Message.objects.get(id=sent.message.id)
    assert (stored.body, stored.client_ref, stored.data) == (body, body, data)
    assert json.dumps(stored.data, sort_keys=True) == json.dumps(data, sort_keys=True)
    event = told(room)[-2]
    assert (event["data"]["body"], event["data"]["data"]) == (body, data)
    assert messages.get(user_id=people[0], room_id=room, message_id=sent.message.id) == sent.message
    assert Message.objects.filter(id=sent.message.id, data__isnull=True).exists() == (data is None)


@committed
def test_an_announcement_is_of_what_everybody_can_read(people, room, others, heard):
    other = others()
    other.autocommit = True
    there: queue.SimpleQueue = queue.SimpleQueue()

    def look(said: dict) -> None:
        last = said["seq"] + len(said["payloads"]) - 1
        found = other.execute("SELECT count(*) FROM chat_event WHERE room_id = %s AND seq = %s", [said["room"], last])
        there.put(found.fetchone()[0])

    announcer.listeners.append(look)
    try:
        for number in range(20):
            messages.send(author_id=people[0], room_id=room, body=str(number))
            assert there.get(timeout=DEADLINE) == 1
    finally:
        announcer.listeners.remove(look)
