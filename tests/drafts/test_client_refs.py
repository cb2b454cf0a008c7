"""However often a message is sent, and in whichever batches: it is one."""

import threading
import uuid

import pytest
from django.db import connection, transaction

from chat import members, rooms
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft
from chat.models import Message
from core.errors import Invalid, NotFound
from devtools.process import wait_until
from tests.drafts.batch import DEADLINE, blocks, committed, in_threads, seqs, store, told

pytestmark = pytest.mark.django_db


def test_the_same_client_ref_twice_in_a_batch_is_one_message(people, room):
    first, again, other = store(
        Draft(people[0], room, "one", "ref"), Draft(people[0], room, "changed", "ref"), Draft(people[0], room, "two")
    )
    assert (first.created, again.created, other.created) == (True, False, True)
    assert again.message == first.message
    assert again.message.body == "one"
    assert [event["seq"] for event in told(room)] == [1, 2, 3]
    assert Message.objects.count() == 2


def test_a_client_ref_of_an_earlier_batch_is_that_message(people, room):
    (first,) = store(Draft(people[0], room, "one", "ref", data={"a": [1, None, 1.5, "\u2028"]}))
    before, again, after = store(
        Draft(people[0], room, "two"), Draft(people[0], room, "other", "ref"), Draft(people[0], room, "three")
    )
    assert (again.created, again.message) == (False, first.message)
    assert seqs([before, after]) == [3, 4]


def test_a_client_ref_is_one_authors_in_one_room(people, room):
    elsewhere = rooms.create(creator_id=people[0], name="elsewhere", kind="private").id
    outcomes = store(
        Draft(people[0], room, "alice's", "ref"),
        Draft(people[1], room, "bob's", "ref"),
        Draft(people[0], elsewhere, "elsewhere", "ref"),
    )
    assert all(outcome.created for outcome in outcomes)
    assert len({outcome.message.id for outcome in outcomes}) == 3


def test_client_refs_that_only_look_alike_are_two(people, room):
    alike = ("é", "e\u0301", "E", "e", " e", "e ")
    outcomes = store(*(Draft(people[0], room, "x", ref) for ref in alike))
    assert [outcome.created for outcome in outcomes] == [True] * len(alike)
    again = store(*(Draft(people[0], room, "x", ref) for ref in alike))
    assert [outcome.message for outcome in again] == [outcome.message for outcome in outcomes]


def test_a_client_ref_that_was_refused_was_not_used(people, room):
    refused, stored, again = store(
        Draft(people[0], room, "x", "ref", reply_to=uuid.uuid4()),
        Draft(people[0], room, "x", "ref"),
        Draft(people[0], room, "x", "ref", reply_to=uuid.uuid4()),
    )
    assert isinstance(refused, Invalid)
    assert (stored.created, again.created) == (True, False)
    assert again.message == stored.message


def test_who_is_no_member_any_more_is_not_told_what_they_sent(people, room):
    store(Draft(people[1], room, "x", "ref"))
    members.remove(actor_id=people[0], room_id=room, user_id=people[1])
    (outcome,) = store(Draft(people[1], room, "x", "ref"))
    assert isinstance(outcome, NotFound)


@committed
def test_the_same_client_ref_in_two_batches_at_once_is_one_message(people, room, others):
    """The second batch waits for the first one's lock, and looks only then."""
    other = others()
    begun, go_on = threading.Event(), threading.Event()
    backends: list[int] = []

    def first() -> list:
        with transaction.atomic():
            outcomes = drafts.store([Draft(people[0], room, "first", "ref")])
            backends.append(connection.connection.info.backend_pid)
            begun.set()
            assert go_on.wait(DEADLINE)
            return outcomes

    def second() -> list:
        assert begun.wait(DEADLINE)
        return store(Draft(people[0], room, "x"), Draft(people[0], room, "second", "ref"))

    def release() -> None:
        assert begun.wait(DEADLINE)
        assert wait_until(lambda: blocks(other, backends[0]), DEADLINE)
        go_on.set()

    (one,), (_, two), _ = in_threads(first, second, release)
    assert (one.created, two.created) == (True, False)
    assert two.message == one.message
    assert [event["seq"] for event in told(room)] == [1, 2, 3]
