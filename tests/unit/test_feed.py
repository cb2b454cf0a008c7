"""One room's stream: whatever is offered, it is passed on in the log's own sequence, and its end is remembered."""

import pytest

from realtime.delivery import ring
from tests.unit.feed_room import Room
from tests.unit.stand_ins import entries, payload


@pytest.fixture
def room():
    return Room()


# Order


def test_the_next_in_line_is_delivered(room):
    alice = room.live()
    room.hears(1, 2, 3)
    assert alice.subscriber.seqs == [1, 2, 3]
    assert room.feed.position == 3


def test_what_was_seen_is_dropped(room):
    alice = room.live()
    room.hears(1, 2, 1, 2, 2, 3, 3)
    assert alice.subscriber.seqs == [1, 2, 3]


def test_what_is_ahead_waits_for_what_lies_between(room):
    alice = room.live()
    room.hears(3, 5, 2)
    assert (alice.subscriber.seqs, room.feed.has_hole) == ([], True)
    room.hears(1)
    assert (alice.subscriber.seqs, room.feed.has_hole) == ([1, 2, 3], True)
    room.hears(4)
    assert (alice.subscriber.seqs, room.feed.has_hole) == ([1, 2, 3, 4, 5], False)


def test_the_text_is_passed_on_unchanged(room):
    alice = room.live()
    text = '{"type":"x",  "seq":1, "data":"\\u00e9"}'
    alice.subscriber.tell = lambda frame: alice.subscriber.frames.append(frame)
    room.offer([(1, text)])
    assert alice.subscriber.frames == [text]


def test_no_more_is_held_than_the_bound(room):
    alice = room.live()
    bound = ring._HELD_EVENTS
    room.hears(*range(2, bound + 100))
    room.hears(1)
    assert alice.subscriber.seqs == list(range(1, bound + 2))
    assert not room.feed.has_hole


def test_what_the_bound_dropped_comes_from_the_log(room):
    alice = room.live()
    last = ring._HELD_EVENTS + 100
    room.hears(*range(2, last + 1))
    assert room.fill(entries(1, last)) is None
    assert alice.subscriber.seqs == list(range(1, last + 1))


# Filling from the log


def test_the_log_fills_a_hole_and_what_was_held_follows(room):
    alice = room.live()
    room.hears(4, 5)
    assert room.fill(entries(1, 3)) is None
    assert alice.subscriber.seqs == [1, 2, 3, 4, 5]
    assert not room.feed.has_hole


def test_the_log_and_the_layer_may_overlap(room):
    alice = room.live()
    room.hears(1, 2, 5)
    assert room.fill(entries(1, 6)) is None
    room.hears(5, 6, 7)
    assert alice.subscriber.seqs == [1, 2, 3, 4, 5, 6, 7]


def test_a_log_with_nothing_new_is_no_hole(room):
    room.hears(1, 2)
    assert room.fill([]) is None
    assert room.fill(entries(1, 2)) is None
    assert room.feed.position == 2


def test_a_log_without_the_next_one_changes_nothing(room):
    alice = room.live()
    assert room.fill(entries(3, 4)) == 2
    assert (alice.subscriber.seqs, room.feed.position) == ([], 0)


# The ring


def test_the_ring_remembers_everything_past_a_position(room):
    room.hears(*range(1, 11))
    assert [entry.seq for entry in room.feed.recent(7)] == [8, 9, 10]
    assert room.feed.recent(10) == []
    assert room.feed.recent(0) == entries(1, 10)


def test_the_ring_says_when_it_no_longer_has_it_all(room):
    last = ring.RING_EVENTS + 5
    room.hears(*range(1, last + 1))
    assert room.feed.recent(4) is None
    assert [entry.seq for entry in room.feed.recent(5)] == list(range(6, last + 1))


def test_the_ring_is_bounded_in_bytes(room):
    big = "x" * (ring._ROOM_BYTES // 3)
    room.offer([(seq, payload(seq, big)) for seq in range(1, 6)])
    assert room.feed.recent(2) is None
    assert [entry.seq for entry in room.feed.recent(3)] == [4, 5]


def test_an_event_bigger_than_the_ring_is_delivered_and_not_kept(room):
    alice = room.live()
    room.offer([(1, payload(1, "x" * ring._ROOM_BYTES))])
    room.hears(2)
    assert alice.subscriber.seqs == [1, 2]
    assert room.feed.recent(0) is None
    assert room.feed.recent(1) == entries(2, 2)


def test_a_feed_that_began_in_the_middle_has_nothing_from_before():
    room = Room(seq=10)
    assert room.feed.recent(9) is None
    room.hears(11)
    assert room.feed.recent(9) is None
    assert room.feed.recent(10) == entries(11, 11)
