"""Drafts that share a transaction: each fares as if it were alone, and all together cost what one does."""

import json
import queue
import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.errors import Invalid, Overloaded, RoomwireError
from accounts.models import User
from chat import broadcast, drafts, log, members, messages, rooms
from chat.drafts import Draft, Sent
from chat.errors import NotAMember, NotFound
from chat.models import Event, Message, Room
from chat.writer import Writer
from deploy.local.process import wait_until
from tests.unit.stand_ins import LAYERS

pytestmark = pytest.mark.django_db

committed = pytest.mark.django_db(transaction=True)

DEADLINE = 10.0
NOWHERE = uuid.UUID(int=0)


@pytest.fixture
def people() -> list[uuid.UUID]:
    return [User.objects.create(username=name).id for name in ("alice", "bob", "carol")]


@pytest.fixture
def room(people) -> uuid.UUID:
    """Alice's and Bob's, where Bob's joining is seq 1."""
    made = rooms.create(creator_id=people[0], name="room", kind="private").id
    members.add(actor_id=people[0], room_id=made, user_id=people[1])
    return made


@pytest.fixture
def others() -> Iterator:
    """A function that opens a connection to PostgreSQL which Django knows nothing of."""
    opened: list[psycopg.Connection] = []

    def connect() -> psycopg.Connection:
        where = {name.lower(): connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
        opened.append(psycopg.connect(dbname=connection.settings_dict["NAME"], **where))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


@pytest.fixture
def heard(settings) -> Iterator[queue.SimpleQueue]:
    """What this process announces, as it does."""
    settings.CHANNEL_LAYERS = LAYERS
    said: queue.SimpleQueue = queue.SimpleQueue()
    broadcast.announcer.listeners.append(said.put)
    yield said
    broadcast.announcer.listeners.remove(said.put)


@pytest.fixture
def writer() -> Iterator[Writer]:
    """One of the test's own, with a short queue."""
    made = Writer(drafts.store, capacity=3)
    yield made
    assert made.close(DEADLINE)


def store(*these: Draft) -> list[Sent | RoomwireError]:
    with transaction.atomic():
        return drafts.store(these)


def seqs(outcomes) -> list[int | None]:
    return [outcome.message.seq if isinstance(outcome, Sent) else None for outcome in outcomes]


def told(room_id: uuid.UUID) -> list[dict]:
    return [json.loads(entry.payload) for entry in log.read(room_id=room_id, after=0, limit=1_000)]


def bodies(heard: queue.SimpleQueue) -> Iterator[str]:
    """Those of the messages that are announced, as they are."""
    while True:
        for payload in heard.get(timeout=DEADLINE)["payloads"]:
            event = json.loads(payload)
            if event["type"] == "message.created":
                yield event["data"]["body"]


def blocks(other: psycopg.Connection, backend: int | None = None) -> bool:
    """Somebody waits for this connection's transaction, or for another backend's."""
    waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND %s = ANY(pg_blocking_pids(pid)))"
    return bool(other.execute(waiting, [backend or other.info.backend_pid]).fetchone()[0])


def hold(other: psycopg.Connection, room_id: uuid.UUID) -> None:
    other.execute("SELECT FROM chat_room WHERE id = %s FOR UPDATE", [room_id])


def in_threads(*work) -> list:
    def guarded(one):
        try:
            return one()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(guarded, work, timeout=DEADLINE))


# One message, however often it is sent


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


# Refusals


@pytest.fixture
def refused(request, people, room) -> tuple[Draft, type[RoomwireError]]:
    alice, _, carol = people
    public = rooms.create(creator_id=alice, name="public", kind="public").id
    (elsewhere,) = store(Draft(alice, public, "x"))
    return {
        "no room": (Draft(alice, NOWHERE, "x"), NotFound),
        "a stranger in a private room": (Draft(carol, room, "x"), NotFound),
        "a stranger in a public room": (Draft(carol, public, "x"), NotAMember),
        "nobody": (Draft(NOWHERE, room, "x"), NotFound),
        "a reply to nothing": (Draft(alice, room, "x", reply_to=uuid.uuid4()), Invalid),
        "a reply to another room": (Draft(alice, room, "x", reply_to=elsewhere.message.id), Invalid),
    }[request.param]


@pytest.mark.parametrize(
    "refused",
    [
        "no room",
        "a stranger in a private room",
        "a stranger in a public room",
        "nobody",
        "a reply to nothing",
        "a reply to another room",
    ],
    indirect=True,
)
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


# What is told


@pytest.fixture
def announcements(django_capture_on_commit_callbacks):
    """A context manager: the `put`s that a commit would make."""
    return django_capture_on_commit_callbacks


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
    assert [callback.func for callback in announced] == [broadcast.announcer.put] * 2
    said = {callback.args[0]: callback.args[1:] for callback in announced}
    assert said.keys() == {room, second}
    for room_id, (epoch, first, payloads) in said.items():
        assert epoch == Room.objects.get(id=room_id).epoch
        entries = log.read(room_id=room_id, after=first - 1, limit=10)
        assert payloads == [entry.payload for entry in entries]
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
    _, sent, _ = store(
        Draft(people[0], room, "x"), Draft(people[0], room, body, body, data=data), Draft(people[0], room, "x", data=1)
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

    broadcast.announcer.listeners.append(look)
    try:
        for number in range(20):
            messages.send(author_id=people[0], room_id=room, body=str(number))
            assert there.get(timeout=DEADLINE) == 1
    finally:
        broadcast.announcer.listeners.remove(look)


# messages.send: alone and inside a transaction


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


# Locks


@committed
def test_rooms_are_locked_in_the_order_of_their_ids(people, others):
    """So that two batches never wait for each other. The second room is held: the first is locked, the third is not."""
    made = [rooms.create(creator_id=people[0], name=str(number), kind="private").id for number in range(3)]
    first, second, third = sorted(made)
    holder, looker = others(), others()
    hold(holder, second)

    def look() -> None:
        assert wait_until(lambda: blocks(holder), DEADLINE)
        free = looker.execute("SELECT id FROM chat_room FOR UPDATE SKIP LOCKED").fetchall()
        looker.rollback()
        holder.rollback()
        assert free == [(third,)]

    batch = [Draft(people[0], room_id, "x") for room_id in (third, first, second, first)]
    outcomes, _ = in_threads(lambda: store(*batch), look)
    assert seqs(outcomes) == [1, 1, 1, 2]


@committed
def test_batches_over_the_same_rooms_and_those_who_come_and_go_never_deadlock(people):
    alice, bob, carol = people
    made = [rooms.create(creator_id=alice, name=str(number), kind="public").id for number in range(6)]
    for room_id in made:
        members.join(user_id=bob, room_id=room_id)

    def write(seed: int) -> int:
        chance = random.Random(seed)
        for number in range(20):
            batch = [Draft(alice if seed % 2 else bob, room_id, "x", f"{seed}-{number}") for room_id in made]
            chance.shuffle(batch)
            assert all(outcome.created for outcome in store(*batch))
        return 20

    def come_and_go() -> int:
        for number in range(20):
            members.join(user_id=carol, room_id=made[number % 6])
            members.read(user_id=carol, room_id=made[number % 6], seq=1)
            members.leave(user_id=carol, room_id=made[number % 6])
        return 0

    stored = sum(in_threads(*(lambda seed=seed: write(seed) for seed in range(4)), come_and_go))
    for room_id in made:
        log_of_room = told(room_id)
        assert [event["seq"] for event in log_of_room] == list(range(1, len(log_of_room) + 1))
        assert sum(event["type"] == "message.created" for event in log_of_room) == stored


# What it costs


@pytest.mark.parametrize(("drafts_each", "in_rooms"), [(1, 1), (50, 1), (1, 30), (8, 30)])
def test_a_batch_costs_the_same_however_many_drafts_and_rooms(people, django_assert_num_queries, drafts_each, in_rooms):
    made = [rooms.create(creator_id=people[0], name="r", kind="private").id for _ in range(in_rooms)]
    replied = {room_id: store(Draft(people[0], room_id, "?"))[0].message.id for room_id in made}
    plain = [Draft(people[0], room_id, "x") for room_id in made for _ in range(drafts_each)]
    full = [
        Draft(people[0], room_id, "x", f"ref-{number}", replied[room_id])
        for room_id in made
        for number in range(drafts_each)
    ]
    # lock, members, insert messages, insert events, update rooms
    with django_assert_num_queries(5):
        drafts.store(plain)
    # and one for all client_refs, one for all that is replied to
    with django_assert_num_queries(7):
        assert all(outcome.created for outcome in drafts.store(full))
    # lock, members, client_refs, replied to: nothing is new
    with django_assert_num_queries(4):
        assert not any(outcome.created for outcome in drafts.store(full))


def test_a_full_batch_of_256_rooms_and_authors_is_stored(people, django_assert_num_queries):
    """As many conditions in one query as there can be."""
    authors = User.objects.bulk_create([User(username=f"author-{number}") for number in range(256)])
    made = [rooms.create(creator_id=author.id, name="r", kind="private").id for author in authors]
    batch = [Draft(author.id, room_id, "x" * 4_000, "ref") for author, room_id in zip(authors, made, strict=True)]
    with django_assert_num_queries(6):
        outcomes = drafts.store(batch)
    assert seqs(outcomes) == [1] * 256


# Against a plain model


REPLIES = ("none", "unknown", "of the private room", "of the public room")
ONE = st.tuples(
    st.integers(0, 2),  # author: Alice is in both rooms, Bob in the public one, Carol in none
    st.sampled_from(["private", "public", "nowhere"]),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from(REPLIES),
)
BATCHES = st.lists(st.lists(ONE, min_size=1, max_size=8), min_size=1, max_size=4)


class Plain:
    """What the rules say of one draft after the other."""

    def __init__(self) -> None:
        self.seqs = {"private": 1, "public": 2}
        self.sent: dict[tuple, int] = {}

    def outcome(self, author: int, where: str, ref: str | None, reply: str) -> tuple:
        if where == "nowhere" or (where == "private" and author != 0):
            return ("not_found",)
        if author == 2:
            return ("not_a_member",)
        if ref is not None and (where, author, ref) in self.sent:
            return self.sent[where, author, ref], False
        if reply not in ("none", f"of the {where} room"):
            return ("invalid",)
        self.seqs[where] += 1
        if ref is not None:
            self.sent[where, author, ref] = self.seqs[where]
        return self.seqs[where], True


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=BATCHES)
def test_however_drafts_are_batched_each_fares_as_if_it_were_alone(people, batches):
    alice, bob, _ = people
    with transaction.atomic():
        ids = {kind: rooms.create(creator_id=alice, name=kind, kind=kind).id for kind in ("private", "public")}
        members.join(user_id=bob, room_id=ids["public"])
        replies = {f"of the {kind} room": store(Draft(alice, ids[kind], "?"))[0].message.id for kind in ids}
        plain = Plain()
        for batch in batches:
            expected = [plain.outcome(*one) for one in batch]
            outcomes = store(
                *(
                    Draft(people[author], ids.get(where, NOWHERE), "x", ref, {"unknown": NOWHERE, **replies}.get(reply))
                    for author, where, ref, reply in batch
                )
            )
            assert [plainly(outcome) for outcome in outcomes] == expected
        for kind, room_id in ids.items():
            assert [event["seq"] for event in told(room_id)] == list(range(1, plain.seqs[kind] + 1))
        transaction.set_rollback(True)


def plainly(outcome: Sent | RoomwireError) -> tuple:
    return (outcome.code,) if isinstance(outcome, RoomwireError) else (outcome.message.seq, outcome.created)
