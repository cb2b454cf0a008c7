"""Who hears a room's stream from where to where: going live, falling behind, departures, and another counting."""

from uuid import uuid4

import pytest

from chat.eventlog.log import Entry, Head
from realtime.delivery.feed import Subscription
from tests.unit.feed_room import Room
from tests.unit.stand_ins import Listener, departure, payload


@pytest.fixture
def room():
    return Room()


# Going live


def test_going_live_brings_what_was_missed_first(room):
    room.hears(1, 2, 3)
    alice = room.live(cursor=1)
    room.hears(4)
    assert alice.subscriber.seqs == [2, 3, 4]


def test_who_is_too_far_behind_for_the_ring_stays_behind():
    room = Room(seq=10)
    alice = room.join(cursor=5)
    assert not room.feed.go_live(alice)
    assert (alice in room.feed.behind, alice.subscriber.seqs) == (True, [])


def test_who_is_ahead_of_the_feed_stays_behind_and_hears_nothing_twice():
    room = Room(seq=10)
    alice = room.join(cursor=12)
    assert not room.feed.go_live(alice)
    room.hears(11, 12, 13)
    assert room.feed.go_live(alice)
    assert alice.subscriber.seqs == [13]


def test_who_takes_no_more_stays_behind_where_they_stopped(room):
    room.hears(1, 2, 3)
    alice = room.join(cursor=0)
    alice.subscriber.stall()
    assert not room.feed.go_live(alice)
    assert (alice.cursor, alice in room.feed.behind) == (0, True)


# Falling behind


def test_who_refuses_a_frame_falls_behind_and_disturbs_nobody(room):
    slow, quick = room.live(), room.live()
    room.hears(1)
    slow.subscriber.stall()
    room.hears(2, 3)
    assert quick.subscriber.seqs == [1, 2, 3]
    assert (slow.subscriber.seqs, slow.cursor, room.lagging) == ([1], 1, [slow])
    slow.subscriber.take()
    room.hears(4)
    assert slow.subscriber.seqs == [1], "live events would overtake the missed ones"
    assert room.feed.go_live(slow)
    assert slow.subscriber.seqs == [1, 2, 3, 4]


def test_a_dropped_subscription_hears_no_more(room):
    alice, bob = room.live(), room.join(cursor=0)
    room.feed.drop(alice)
    room.feed.drop(bob)
    room.feed.drop(bob)
    room.hears(1)
    assert alice not in room.feed
    assert room.feed.subscriptions == []
    assert alice.subscriber.seqs == bob.subscriber.seqs == []


# Departures


def leaves(room: Room, seq: int, subscription: Subscription, reason: str = "left") -> None:
    room.offer([(seq, departure(seq, subscription.subscriber.user_id, reason))])


def test_who_leaves_hears_that_and_nothing_after(room):
    alice, bob = room.live(), room.live()
    room.hears(1)
    leaves(room, 2, alice, "removed")
    room.hears(3)
    assert alice.subscriber.seqs == [1, 2]
    assert alice.subscriber.notices == [("room.removed", "removed")]
    assert alice.subscriber.forgotten == [room.feed.room_id]
    assert bob.subscriber.seqs == [1, 2, 3]
    assert bob in room.feed
    assert alice not in room.feed


def test_all_the_sockets_of_who_leaves_go_silent(room):
    user = uuid4()
    sockets = [room.live(Listener(user)) for _ in range(3)]
    leaves(room, 1, sockets[0])
    room.hears(2)
    assert [socket.subscriber.seqs for socket in sockets] == [[1]] * 3


def test_who_leaves_while_behind_hears_up_to_it(room):
    alice = room.join(cursor=0)
    room.hears(1)
    leaves(room, 2, alice)
    room.hears(3)
    assert not room.feed.go_live(alice)
    assert alice.subscriber.seqs == [1, 2]
    assert alice.subscriber.notices == [("room.removed", "left")]
    assert alice not in room.feed


def test_who_refuses_their_own_departure_is_not_live_after_it(room):
    alice = room.live()
    alice.subscriber.stall()
    leaves(room, 1, alice)
    room.hears(2)
    alice.subscriber.take()
    assert not room.feed.go_live(alice)
    assert alice.subscriber.seqs == [1]


def test_departures_that_were_held_count_in_their_turn(room):
    alice = room.live()
    room.offer([(3, payload(3)), (2, departure(2, alice.subscriber.user_id)), (1, payload(1))])
    assert alice.subscriber.seqs == [1, 2]


def test_a_departure_from_before_the_right_was_checked_is_history(room):
    user = uuid4()
    room.offer([(1, departure(1, user)), (2, payload(2))])
    back = room.live(Listener(user), cursor=0, granted=2)
    room.hears(3)
    assert back.subscriber.seqs == [1, 2, 3]


def test_a_departure_after_the_right_was_checked_is_none(room):
    user = uuid4()
    room.offer([(1, payload(1)), (2, departure(2, user)), (3, payload(3))])
    gone = room.join(Listener(user), cursor=0, granted=1)
    assert not room.feed.go_live(gone)
    assert gone.subscriber.seqs == [1, 2]


def test_a_departure_for_a_reason_from_a_newer_release_is_a_departure_too(room):
    """Workers of two releases share a log while one is deployed, and a log is kept for ever."""
    alice, bob = room.live(), room.live()
    leaves(room, 1, alice, "evicted")
    room.hears(2)
    assert (alice.subscriber.seqs, bob.subscriber.seqs) == ([1], [1, 2])


DELETED = '{"type":"room.deleted","seq":2,"data":{}}'


def test_in_a_deleted_room_that_is_the_last_that_anybody_hears(room):
    live, other, behind = room.live(), room.live(), room.join(cursor=0)
    room.offer([(1, payload(1)), (2, DELETED), (3, payload(3))])
    assert not room.feed.go_live(behind)
    for each in (live, other, behind):
        assert each.subscriber.seqs == [1, 2]
        assert each.subscriber.notices == [("room.removed", "deleted")]
        assert each not in room.feed


def test_who_takes_no_more_as_the_room_is_deleted_hears_it_later_and_nothing_after(room):
    slow = room.live()
    slow.subscriber.stall()
    room.offer([(1, payload(1)), (2, DELETED), (3, payload(3))])
    slow.subscriber.take()
    assert not room.feed.go_live(slow)
    assert slow.subscriber.seqs == [1, 2]
    assert slow.subscriber.notices == [("room.removed", "deleted")]


# Restarting


def test_after_a_restart_it_goes_on_from_the_new_head(room):
    live, behind = room.live(), room.join(cursor=0)
    room.hears(1, 2, 9)
    room.feed.restart(Head(room.feed.epoch, 5))
    assert not room.feed.has_hole
    assert room.feed.go_live(behind)
    room.hears(5, 6)
    assert live.subscriber.seqs == [1, 2, 6]
    assert behind.subscriber.seqs == [6]


def test_after_a_restart_nothing_of_the_old_counting_is_remembered(room):
    room.hears(*range(1, 10))
    room.feed.restart(Head(uuid4(), 4))
    assert room.feed.recent(3) is None
    assert room.feed.recent(4) == []
    room.offer([(5, "new")])
    assert room.feed.recent(4) == [Entry(5, "new")]


@pytest.mark.parametrize("begin", [Room.live, Room.join])
@pytest.mark.parametrize("renamed", [True, False], ids=["another epoch", "the same epoch"])
def test_a_right_checked_in_an_old_counting_is_no_right_to_the_new_one(begin, renamed):
    """Granted at 10; a backup from 4 is restored, and whoever did it may have forgotten the epoch, or a standby
    took over without the last commits; who leaves at 5 has left, though 5 is less than 10."""
    room = Room(seq=10)
    alice = begin(room)
    room.feed.restart(Head(uuid4() if renamed else room.feed.epoch, 4))
    room.feed.go_live(alice)
    leaves(room, 5, alice)
    room.hears(6)
    assert alice.subscriber.seqs == [5]
    assert alice not in room.feed
