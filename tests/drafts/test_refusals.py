"""A draft that is refused disturbs no other."""

import queue
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from chat import bans, members, messages, rooms
from chat.errors import Archived, Muted, NotAMember
from chat.group_commit.drafts import Draft
from chat.models import Message, Room
from core.errors import Invalid, NotFound, RoomwireError
from devtools.process import wait_until
from tests.drafts.batch import DEADLINE, NOWHERE, blocks, committed, hold, seqs, store, told

pytestmark = pytest.mark.django_db


REFUSED = [
    "no room",
    "a deleted room",
    "an archived room",
    "who is muted",
    "who is banned from a public room",
    "a stranger in a private room",
    "a stranger in a public room",
    "nobody",
    "a reply to nothing",
    "a reply to another room",
]


@pytest.fixture
def refused(request, people, room) -> tuple[Draft, type[RoomwireError]]:
    alice, bob, carol = people
    public = rooms.create(creator_id=alice, name="public", kind="public").id
    (elsewhere,) = store(Draft(alice, public, "x"))
    deleted, archived, quiet, closed = (rooms.create(creator_id=alice, name="r", kind="public").id for _ in range(4))
    rooms.delete(actor_id=alice, room_id=deleted)
    rooms.archive(actor_id=alice, room_id=archived)
    members.join(user_id=bob, room_id=quiet)
    members.mute(actor_id=alice, room_id=quiet, user_id=bob, until=timezone.now() + timedelta(hours=1))
    bans.ban(actor_id=alice, room_id=closed, user_id=carol)
    return {
        "no room": (Draft(alice, NOWHERE, "x"), NotFound),
        "a deleted room": (Draft(alice, deleted, "x"), NotFound),
        "an archived room": (Draft(alice, archived, "x"), Archived),
        "who is muted": (Draft(bob, quiet, "x"), Muted),
        "who is banned from a public room": (Draft(carol, closed, "x"), NotFound),
        "a stranger in a private room": (Draft(carol, room, "x"), NotFound),
        "a stranger in a public room": (Draft(carol, public, "x"), NotAMember),
        "nobody": (Draft(NOWHERE, room, "x"), NotFound),
        "a reply to nothing": (Draft(alice, room, "x", reply_to=uuid.uuid4()), Invalid),
        "a reply to another room": (Draft(alice, room, "x", reply_to=elsewhere.message.id), Invalid),
    }[request.param]


@pytest.mark.parametrize("refused", REFUSED, indirect=True)
def test_who_is_refused_disturbs_nobody(people, room, refused):
    draft, error = refused
    good = [Draft(people[number % 2], room, str(number), f"ref-{number}") for number in range(4)]
    outcomes = store(good[0], draft, good[1], draft, good[2], good[3])
    assert [type(outcomes[1]), type(outcomes[3])] == [error] * 2
    assert seqs(outcomes) == [2, None, 3, None, 4, 5]
    assert [event["data"]["body"] for event in told(room)[1:]] == ["0", "1", "2", "3"]
    assert Room.objects.get(id=room).last_seq == 5


def test_where_all_are_refused_nothing_is_stored_and_nothing_announced(people, room, announcements):
    with announcements() as announced:
        outcomes = store(*[Draft(people[2], room, "x")] * 3, Draft(people[0], NOWHERE, "x"))
    assert [type(outcome) for outcome in outcomes] == [NotFound] * 4
    assert announced == []
    assert (Message.objects.count(), Room.objects.get().last_seq) == (0, 1)


def test_no_drafts_are_no_outcomes():
    assert store() == []


def test_a_reply_to_what_the_room_has_is_stored(people, room):
    (question,) = store(Draft(people[0], room, "?"))
    (answer,) = store(Draft(people[1], room, "!", reply_to=question.message.id))
    assert answer.message.reply_to == question.message.id


@committed
def test_a_reply_to_what_is_deleted_meanwhile_is_refused_alone(people, room, others, writer):
    """It was there when looked for, and gone at the COMMIT, which is when PostgreSQL checks foreign keys."""
    question = messages.send(author_id=people[0], room_id=room, body="?").message.id
    holder, deleter = others(), others()
    hold(holder, room)
    deleter.execute("DELETE FROM chat_event WHERE message_id = %s", [question])
    deleter.execute("DELETE FROM chat_message WHERE id = %s", [question])
    answers: queue.SimpleQueue = queue.SimpleQueue()
    writer.put(Draft(people[0], room, "first"), answers.put)
    assert wait_until(lambda: blocks(holder), DEADLINE)
    for body, reply_to in ("before", None), ("reply", question), ("after", None):
        writer.put(Draft(people[0], room, body, reply_to=reply_to), answers.put)
    holder.rollback()
    assert wait_until(lambda: blocks(deleter), DEADLINE)
    deleter.commit()
    outcomes = [answers.get(timeout=DEADLINE) for _ in range(4)]
    assert seqs(outcomes) == [3, 4, None, 5]
    assert isinstance(outcomes[2], Invalid)
    assert [event["data"]["body"] for event in told(room)[1:]] == ["first", "before", "after"]
