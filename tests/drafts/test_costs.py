"""However many drafts and rooms are in a batch, it costs the same and waits for no other in a circle."""

import random

import pytest

from accounts.models import User
from chat import bans, members, receipts, rooms
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft
from devtools.process import wait_until
from tests.drafts.batch import DEADLINE, blocks, committed, hold, in_threads, seqs, store, told

pytestmark = pytest.mark.django_db

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
            receipts.read(user_id=carol, room_id=made[number % 6], seq=1)
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
    # lock, authors, messages with events and rooms
    with django_assert_num_queries(3):
        drafts.store(plain)
    # and one for all client_refs, one for all that is replied to
    with django_assert_num_queries(5):
        assert all(outcome.created for outcome in drafts.store(full))
    # lock, authors, client_refs, replied to: nothing is new
    with django_assert_num_queries(4):
        assert not any(outcome.created for outcome in drafts.store(full))


def test_mentions_cost_one_query_however_many(people, django_assert_num_queries):
    """And what is no mention, none."""
    made = [rooms.create(creator_id=people[0], name="r", kind="private").id for _ in range(30)]
    for room_id in made:
        members.add(actor_id=people[0], room_id=room_id, user_id=people[1])
    plain = [Draft(people[0], room_id, "x@bob.example") for room_id in made]
    naming = [Draft(people[0], room_id, "@bob @carol @alice") for room_id in made for _ in range(8)]
    with django_assert_num_queries(3):
        drafts.store(plain)
    with django_assert_num_queries(4):
        outcomes = drafts.store(naming)
    assert [outcome.message.mentions for outcome in outcomes] == [[people[1], people[0]]] * 240


@pytest.mark.parametrize("number", [1, 50])
def test_those_who_are_refused_cost_the_same_however_many(people, django_assert_num_queries, number):
    """Everybody waits for the rooms of a batch, and anybody may send to a public one."""
    strangers = User.objects.bulk_create([User(username=f"stranger-{each}") for each in range(number)])
    made = [rooms.create(creator_id=people[0], name="r", kind="public").id for _ in range(3)]
    bans.ban(actor_id=people[0], room_id=made[0], user_id=strangers[0].id)
    batch = [Draft(stranger.id, room_id, "x") for stranger in strangers for room_id in made]
    # lock, authors, bans
    with django_assert_num_queries(3):
        outcomes = drafts.store(batch)
    assert [outcome.code for outcome in outcomes] == ["not_found", *["not_a_member"] * (3 * number - 1)]


def test_a_full_batch_of_256_rooms_and_authors_is_stored(people, django_assert_num_queries):
    """As many conditions in one query as there can be."""
    authors = User.objects.bulk_create([User(username=f"author-{number}") for number in range(256)])
    made = [rooms.create(creator_id=author.id, name="r", kind="private").id for author in authors]
    batch = [Draft(author.id, room_id, "x" * 4_000, "ref") for author, room_id in zip(authors, made, strict=True)]
    with django_assert_num_queries(4):
        outcomes = drafts.store(batch)
    assert seqs(outcomes) == [1] * 256
