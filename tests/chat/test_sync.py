"""Everything that changed since: one answer, bounded, and exact however it is asked for."""

import json
import uuid

import pytest

from chat import bans, edits, members, reactions, receipts, rooms, sync
from chat.group_commit import drafts
from chat.group_commit.drafts import Draft
from chat.models import Event, Room
from chat.sync import Position
from core.errors import Invalid
from tests.chat.talk import NOWHERE, head, people, promote, room, say, told

pytestmark = pytest.mark.django_db


def since(user_id, **positions):
    return sync.since(user_id=user_id, positions={uuid.UUID(key): value for key, value in positions.items()})


def at(*positions) -> dict:
    return {str(room_id): Position(*where) for room_id, *where in positions}


def chat(author, room_id, count: int) -> None:
    drafts.store([Draft(author, room_id, str(number)) for number in range(count)])


def seqs(change) -> list[int]:
    for entry in change.entries:
        event = json.loads(entry.payload)
        assert (event["room"], event["seq"]) == (str(change.room.id), entry.seq)
    return [entry.seq for entry in change.entries]


def test_who_names_no_position_gets_all_rooms_as_they_are():
    alice, bob = people("alice", "bob")
    made = [room(alice, bob) for _ in range(3)]
    chat(alice, made[1], 2)
    found = since(bob)
    assert [change.room.id for change in found.rooms] == [made[1], made[2], made[0]]
    for change in found.rooms:
        assert change.room == rooms.get(user_id=bob, room_id=change.room.id)
        assert (change.recovered, change.entries, change.more, change.start) == (False, [], False, change.room.last_seq)
    assert found.markers == dict.fromkeys(made, 0)
    assert (found.more, found.removed) == (False, [])


def test_a_room_without_events_is_news_until_it_is_named():
    (alice,) = people("alice")
    made = room(alice)
    (change,) = since(alice).rooms
    assert (change.room.id, change.start, change.recovered) == (made, 0, False)
    assert since(alice, **at((made, 0))).rooms == []


def test_what_is_missing_comes_in_order_up_to_where_the_room_stands():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    chat(alice, made, 6)
    for start in range(8):
        found = since(bob, **at((made, start)))
        if start == 7:
            assert found.rooms == []
            break
        (change,) = found.rooms
        assert (seqs(change), change.start, change.recovered, change.more) == (
            list(range(start + 1, 8)),
            start,
            True,
            False,
        )
        assert [json.loads(entry.payload) for entry in change.entries] == told(made, start)


def test_the_latest_rooms_come_first_and_only_those_with_news():
    alice, bob = people("alice", "bob")
    made = [room(alice, bob) for _ in range(5)]
    positions = at(*((each, head(each)) for each in made))
    for number in (3, 0, 4):
        chat(alice, made[number], 1)
    found = since(bob, **positions)
    assert [change.room.id for change in found.rooms] == [made[4], made[0], made[3]]
    assert [seqs(change) for change in found.rooms] == [[2], [2], [2]]
    assert found.markers.keys() == set(made)


BROKEN = {
    "of another counting": lambda made: (3, uuid.uuid4()),
    "past the head": lambda made: (8,),
    "past the head of this counting": lambda made: (8, made.epoch),
}


@pytest.mark.parametrize("name", BROKEN)
def test_from_a_position_that_leads_nowhere_one_begins_anew(name):
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    chat(alice, made, 6)
    (change,) = since(bob, **at((made, *BROKEN[name](Room.objects.get())))).rooms
    assert (change.recovered, change.entries, change.start, change.more) == (False, [], 7, False)


def test_a_position_of_this_counting_goes_on():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    chat(alice, made, 3)
    epoch = Room.objects.get().epoch
    (change,) = since(bob, **at((made, 2, epoch))).rooms
    assert (change.recovered, seqs(change)) == (True, [3, 4])
    assert since(bob, **at((made, 4, epoch))).rooms == []


@pytest.mark.parametrize(("start", "recovered"), [(0, False), (2, False), (9, False), (10, True), (11, True)])
def test_a_log_that_lost_its_beginning_says_so(start, recovered, monkeypatch):
    """Though what is asked for in one go is all within what was lost."""
    monkeypatch.setattr(sync, "_EVENTS_OF_ROOM", 3)
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    chat(alice, made, 12)
    Event.objects.filter(seq__lte=10).delete()
    (change,) = since(bob, **at((made, start))).rooms
    assert change.recovered == recovered
    assert seqs(change) == (list(range(start + 1, 14)) if recovered else [])
    assert (change.start, change.more) == (start if recovered else 13, False)


# Bounds


def caught_up(user_id, positions):
    """What comes by asking again until there is no more; and in how many goes."""
    heard: dict[uuid.UUID, list[int]] = {room_id: [] for room_id in positions}
    for goes in range(1, 100):
        found = sync.since(user_id=user_id, positions=positions)
        for change in found.rooms:
            assert change.recovered or change.room.id not in positions
            heard.setdefault(change.room.id, []).extend(seqs(change))
            positions[change.room.id] = Position(change.start + len(change.entries), change.room.epoch)
        if not found.more and not any(change.more for change in found.rooms):
            return heard, goes
    raise AssertionError("there is always more")


@pytest.mark.parametrize(
    ("each", "events", "of_room"), [(5, 1_000, 100), (5, 7, 100), (5, 1_000, 2), (5, 1, 1), (0, 3, 2), (2, 3, 2)]
)
def test_what_does_not_fit_comes_next(each, events, of_room, monkeypatch):
    monkeypatch.setattr(sync, "_EVENTS", events)
    monkeypatch.setattr(sync, "_EVENTS_OF_ROOM", of_room)
    alice, bob = people("alice", "bob")
    made = [room(alice, bob) for _ in range(4)]
    for room_id in made:
        chat(alice, room_id, each)
    positions = {room_id: Position(0) for room_id in made}
    first = sync.since(user_id=bob, positions=positions)
    assert sum(len(change.entries) for change in first.rooms) == min(events, sum(min(each + 1, of_room) for _ in made))
    heard, _ = caught_up(bob, positions)
    assert heard == {room_id: list(range(1, each + 2)) for room_id in made}


def test_many_rooms_come_in_goes(monkeypatch):
    monkeypatch.setattr(sync, "_ROOMS", 3)
    alice, bob = people("alice", "bob")
    made = [room(alice, bob) for _ in range(8)]
    first = since(bob)
    assert [change.room.id for change in first.rooms] == made[:-4:-1]
    assert first.more
    assert first.markers.keys() == set(made)
    heard, goes = caught_up(bob, {})
    assert (heard.keys(), goes) == (set(made), 3)
    chat(alice, made[0], 2)
    heard, _ = caught_up(bob, {room_id: Position(1) for room_id in made})
    assert heard == {room_id: [2, 3] if room_id == made[0] else [] for room_id in made}


def test_an_answer_is_bounded_as_it_is():
    alice, bob = people("alice", "bob")
    made = [room(alice, bob) for _ in range(7)]
    for room_id in made:
        chat(alice, room_id, 120)
    found = since(bob, **at(*((room_id, 0) for room_id in made)))
    assert [len(change.entries) for change in found.rooms] == [100] * 5 + [0] * 2
    assert all(change.more and change.recovered for change in found.rooms)


def test_so_many_positions_are_taken(settings):
    settings.SYNC_ROOMS_MAX = 3
    (alice,) = people("alice")
    positions = {uuid.uuid4(): Position(0) for _ in range(3)}
    assert sync.since(user_id=alice, positions=positions).removed == list(positions)
    with pytest.raises(Invalid, match="at most 3"):
        sync.since(user_id=alice, positions=positions | {NOWHERE: Position(0)})


# Whose


def test_rooms_that_are_no_longer_ones_own_are_removed():
    alice, bob = people("alice", "bob")
    kept, left, banned, gone, never = (room(alice, bob, kind="private") for _ in range(5))
    members.leave(user_id=bob, room_id=left)
    bans.ban(actor_id=alice, room_id=banned, user_id=bob)
    rooms.delete(actor_id=alice, room_id=gone)
    members.remove(actor_id=alice, room_id=never, user_id=bob)
    asked = at(*((each, 0) for each in (kept, left, banned, gone, NOWHERE)))
    found = since(bob, **asked)
    assert [change.room.id for change in found.rooms] == [kept]
    assert found.removed == [left, banned, gone, NOWHERE]
    assert found.markers == {kept: 0}
    assert not found.more


def test_a_guest_of_a_public_room_names_it_and_hears_of_it():
    alice, bob = people("alice", "bob")
    made, private = room(alice, kind="public"), room(alice)
    chat(alice, made, 3)
    assert since(bob) == sync.Changes([], more=False, removed=[], markers={})
    found = since(bob, **at((made, 1), (private, 0)))
    (change,) = found.rooms
    assert (seqs(change), change.room.role, change.room.unread_count) == ([2, 3], None, None)
    assert (found.removed, found.markers) == ([private], {})
    bans.ban(actor_id=alice, room_id=made, user_id=bob)
    assert since(bob, **at((made, 1))).removed == [made]


def test_markers_say_where_one_has_read_wherever_there_is_news():
    alice, bob = people("alice", "bob")
    first, second = room(alice, bob), room(alice, bob)
    chat(alice, first, 3)
    receipts.read(user_id=bob, room_id=first, seq=3)
    found = since(bob, **at((first, head(first)), (second, head(second))))
    assert found.rooms == []
    assert found.markers == {first: 3, second: 0}


def test_what_was_taken_back_is_not_told():
    alice, bob = people("alice", "bob")
    made = room(alice, bob)
    said = say(alice, made, "words")
    reactions.add(user_id=bob, room_id=made, message_id=said.id, emoji="👍")
    edits.edit(actor_id=alice, room_id=made, message_id=said.id, body="other words")
    edits.delete(actor_id=alice, room_id=made, message_id=said.id)
    (change,) = since(bob, **at((made, 0))).rooms
    assert seqs(change) == [1, 2, 3, 4, 5]
    assert "words" not in "".join(entry.payload for entry in change.entries)


@pytest.mark.parametrize("count", [1, 50])
def test_what_it_costs(count, django_assert_num_queries):
    """Memberships, rooms, events, counts, last messages, and the others of direct rooms."""
    alice, *others = people("alice", *(f"peer{number}" for number in range(count)))
    positions = {}
    for number, other in enumerate(others):
        made = room(other, alice, kind="public" if number % 2 else "private")
        direct = rooms.direct(user_id=alice, peer_id=other).room.id
        for each in (made, direct):
            promote(each, alice, "member")
            chat(other, each, 3)
            positions[each] = Position(1)
    with django_assert_num_queries(6):
        found = sync.since(user_id=alice, positions=positions)
    assert len(found.rooms) == 2 * count
    with django_assert_num_queries(5):
        sync.since(user_id=alice, positions={})
    heads = {room_id: Position(head(room_id)) for room_id in positions}
    with django_assert_num_queries(2):
        assert sync.since(user_id=alice, positions=heads).rooms == []
