"""`messages.send`, alone and inside a transaction, and `messages.submit`, which does not wait."""

import json
import queue
import threading
import uuid
from collections.abc import Iterator

import pytest
from django.db import transaction

from chat import messages, rooms
from chat.eventlog import log
from chat.group_commit.drafts import Draft
from chat.models import Message, Room
from core.errors import Invalid, NotFound, Overloaded
from devtools.process import wait_until
from tests.drafts.batch import DEADLINE, blocks, committed, hold, seqs, told

pytestmark = pytest.mark.django_db


def bodies(heard: queue.SimpleQueue) -> Iterator[str]:
    """Those of the messages that are announced, as they are."""
    while True:
        for payload in heard.get(timeout=DEADLINE).get("payloads", ()):
            event = json.loads(payload)
            if event["type"] == "message.created":
                yield event["data"]["body"]


@committed
def test_what_is_sent_in_a_transaction_that_is_rolled_back_never_was(people, room, heard):
    with transaction.atomic():
        assert messages.send(author_id=people[0], room_id=room, body="never").message.seq == 2
        transaction.set_rollback(True)
    assert Room.objects.get().last_seq == 1
    assert not Message.objects.exists()
    assert messages.send(author_id=people[0], room_id=room, body="first").message.seq == 2
    assert next(bodies(heard)) == "first"


@committed
def test_what_is_sent_in_a_savepoint_that_is_rolled_back_never_was_and_the_rest_is(people, room):
    with transaction.atomic():
        messages.send(author_id=people[0], room_id=room, body="before")
        with transaction.atomic():
            messages.send(author_id=people[0], room_id=room, body="never")
            transaction.set_rollback(True)
        messages.send(author_id=people[0], room_id=room, body="after")
    assert [(event["seq"], event["data"].get("body")) for event in told(room)[1:]] == [(2, "before"), (3, "after")]


@committed
def test_a_transaction_sends_into_the_room_that_it_makes_and_holds(people):
    """Another thread could neither see that room nor get past its lock."""
    with transaction.atomic():
        made = rooms.create(creator_id=people[0], name="new", kind="private").id
        log.append(room=log.lock(made), type="custom.opened", data=None)
        assert messages.send(author_id=people[0], room_id=made, body="hello").message.seq == 2
    assert [event["type"] for event in told(made)] == ["custom.opened", "message.created"]


@committed
def test_a_refusal_leaves_the_surrounding_transaction_usable(people, room):
    with transaction.atomic():
        with pytest.raises(NotFound):
            messages.send(author_id=people[2], room_id=room, body="x")
        messages.send(author_id=people[0], room_id=room, body="y")
    assert [event["data"].get("body") for event in told(room)[1:]] == ["y"]


@committed
def test_sent_alone_it_is_stored_when_the_call_returns(people, room, others):
    sent = messages.send(author_id=people[0], room_id=room, body="x")
    found = others().execute("SELECT seq FROM chat_message WHERE id = %s", [sent.message.id]).fetchone()
    assert found == (sent.message.seq,)


@committed
def test_a_refusal_is_raised_by_whoever_sends_alone(people, room):
    with pytest.raises(NotFound):
        messages.send(author_id=people[2], room_id=room, body="x")
    with pytest.raises(Invalid, match="reply_to"):
        messages.send(author_id=people[0], room_id=room, body="x", reply_to=uuid.uuid4())


BAD = {
    "body": {"body": " \n"},
    "client_ref": {"body": "x", "client_ref": ""},
    "client_ref that is long": {"body": "x", "client_ref": "x" * 101},
    "data": {"body": "x", "data": {"a": "\0"}},
}


@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
def test_what_is_invalid_is_refused_before_it_is_handed_in(people, room, fields):
    with pytest.raises(Invalid):
        messages.send(author_id=people[0], room_id=room, **fields)
    with pytest.raises(Invalid):
        messages.submit(Draft(people[0], room, **fields), pytest.fail)


@committed
def test_who_does_not_wait_is_answered_on_another_thread(people, room):
    answers: queue.SimpleQueue = queue.SimpleQueue()
    for body in "abc":
        messages.submit(Draft(people[0], room, body), lambda sent: answers.put((sent, threading.current_thread())))
    outcomes = [answers.get(timeout=DEADLINE) for _ in "abc"]
    assert [(sent.message.seq, sent.message.body) for sent, _ in outcomes] == [(2, "a"), (3, "b"), (4, "c")]
    assert threading.current_thread() not in {thread for _, thread in outcomes}


@committed
def test_past_its_bound_the_writer_refuses_and_nothing_of_that_is_stored(people, room, others, writer):
    other, answers = others(), queue.SimpleQueue()
    hold(other, room)
    writer.put(Draft(people[0], room, "first"), answers.put)
    assert wait_until(lambda: blocks(other), DEADLINE)
    for body in "abc":
        writer.put(Draft(people[0], room, body), answers.put)
    with pytest.raises(Overloaded):
        writer.put(Draft(people[0], room, "refused"), answers.put)
    other.rollback()
    assert seqs(answers.get(timeout=DEADLINE) for _ in range(4)) == [2, 3, 4, 5]
    assert writer.close(DEADLINE)
    assert [event["data"].get("body") for event in told(room)[1:]] == ["first", "a", "b", "c"]
