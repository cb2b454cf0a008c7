"""What is remembered of rooms: bounded by room and in all, and never with a hole."""

import random
import sys

import pytest

from chat.eventlog.log import Entry
from realtime.delivery import ring
from realtime.delivery.ring import Held, Memory, Ring
from tests.unit.feed_room import Room
from tests.unit.stand_ins import entries, payload

BIG = "x" * 10_000


@pytest.fixture
def memory(settings) -> Memory:
    settings.REALTIME_MEMORY_MAX_BYTES = 100_000
    return Memory()


def fat(seq: int, text: str = BIG) -> Entry:
    return Entry(seq, payload(seq, text))


def test_what_was_added_to_longest_ago_is_forgotten_first(memory):
    one, two, three = Ring(memory), Ring(memory), Ring(memory)
    for seq in range(1, 4):
        for each in (one, two, three):
            each.append(fat(seq))
    one.append(fat(4))
    assert two.between(0, 3) is None, "all of it at once"
    assert [entry.seq for entry in one.between(0, 4)] == [1, 2, 3, 4]
    assert [entry.seq for entry in three.between(0, 3)] == [1, 2, 3]
    assert memory.bytes == one.bytes + three.bytes <= 100_000


def test_what_is_held_counts_as_well(memory):
    rings, held = [Ring(memory) for _ in range(4)], [Held(memory) for _ in range(4)]
    for number, each in enumerate(held):
        each.put(2 + number, fat(2)[1])
    for seq in range(1, 4):
        for each in rings:
            each.append(fat(seq))
    assert memory.bytes <= 100_000
    assert not any(each.payloads for each in held)


def test_characters_that_take_more_bytes_count_for_more(memory):
    plain, wide = Ring(memory), Ring(memory)
    plain.append(fat(1, "x" * 1_000))
    wide.append(Entry(1, "\N{GRINNING FACE}" * 1_000))
    assert wide.bytes > 3 * plain.bytes
    assert wide.bytes >= sys.getsizeof("\N{GRINNING FACE}" * 1_000)


def test_an_event_bigger_than_the_memory_is_delivered_and_not_kept(settings):
    settings.REALTIME_MEMORY_MAX_BYTES = 1_000
    room = Room()
    alice = room.live()
    room.offer([(1, payload(1)), (2, payload(2, BIG)), (3, payload(3))])
    assert alice.subscriber.seqs == [1, 2, 3]
    assert room.feed.recent(0) is None
    assert room.feed.recent(2) == entries(3, 3)


def test_what_was_read_from_the_log_counts_and_leaves_no_hole(settings):
    settings.REALTIME_MEMORY_MAX_BYTES = 50_000
    room = Room(seq=100)
    room.feed.recall([fat(seq) for seq in range(1, 101)])
    room.hears(101)
    for after in range(101):
        found = room.feed.recent(after)
        assert found is None or [entry.seq for entry in found] == list(range(after + 1, 102))


def test_an_idle_room_is_forgotten_wholly(memory):
    each, held = Ring(memory), Held(memory)
    each.append(fat(1))
    held.put(3, payload(3))
    held.put(3, payload(3))
    assert held.pop(3) == payload(3)
    assert held.pop(3) is None
    each.clear()
    each.clear()
    assert (memory.bytes, each.bytes, held.bytes) == (0, 0, 0)
    del each, held
    assert not memory.parts


def test_whatever_happens_the_sum_is_right(memory):
    chance = random.Random(7)
    rings, held = [Ring(memory) for _ in range(10)], [Held(memory) for _ in range(10)]
    seqs = [0] * 10
    for _ in range(5_000):
        at = chance.randrange(10)
        action = chance.randrange(6)
        if action < 3:
            seqs[at] += 1
            rings[at].append(fat(seqs[at], "x" * chance.randrange(8_000)))
        elif action == 3:
            held[at].put(chance.randrange(20), payload(1, "x" * chance.randrange(8_000)))
        elif action == 4:
            held[at].pop(chance.randrange(20))
        else:
            chance.choice(rings + held).clear()
        assert memory.bytes == sum(each.bytes for each in rings + held) <= 100_000
    assert max(each.bytes for each in rings) <= ring._ROOM_BYTES
