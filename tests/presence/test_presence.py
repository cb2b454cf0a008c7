"""One process's presence, with a log in a list: who is told what, and when."""

import asyncio

import pytest

from chat.presence.store import UNKNOWN
from tests.presence.presence_room import a_room, passed, until
from tests.unit.stand_ins import Listener


def heard(listener, kind: str, other) -> bool:
    return (kind, str(other.user_id)) in passed(listener)


async def test_nothing_is_told_before_the_feed_has_come_as_far_as_the_room():
    """What is announced of the room is lost: the hub finds it a second later, and then it is told who came."""
    async with a_room(5) as room:
        alice, bob = Listener(), Listener()
        await room.enter(alice)
        await until(lambda: heard(alice, "joined", alice))
        room.log.append()
        room.enter_elsewhere(bob.user_id)
        await until(lambda: heard(alice, "joined", bob))
        order = [frame["type"] for frame in alice.frames]
        assert order == ["presence.joined", "message.created", "presence.joined"]


async def test_who_was_removed_hears_of_nobody_who_came_after():
    async with a_room(5) as room:
        alice, bob, carol = Listener(), Listener(), Listener()
        await room.enter(alice)
        await room.enter(bob)
        await until(lambda: heard(alice, "joined", bob) and heard(bob, "joined", bob))
        room.log.leave(bob.user_id)  # announced to nobody
        room.enter_elsewhere(carol.user_id)
        await until(lambda: heard(alice, "joined", carol) and heard(alice, "left", bob))
        assert [frame["type"] for frame in bob.frames][-2:] == ["member.left", "room.removed"]
        assert not heard(bob, "joined", carol)


async def test_who_does_not_read_is_told_the_difference_when_they_do():
    async with a_room() as room:
        slow, witness = Listener(), Listener()
        await room.enter(slow)
        await room.enter(witness)
        await until(lambda: heard(slow, "joined", witness))
        slow.stall()
        before = len(slow.frames)
        passing = Listener()
        subscription = await room.enter(passing)
        await until(lambda: heard(witness, "joined", passing))
        room.hub.unsubscribe(subscription)
        await until(lambda: heard(witness, "left", passing))
        staying = Listener()
        await room.enter(staying)
        await until(lambda: heard(witness, "joined", staying))
        assert len(slow.frames) == before
        slow.take()
        await until(lambda: heard(slow, "joined", staying))
        assert not heard(slow, "joined", passing)


async def test_who_is_behind_is_told_when_they_are_not():
    async with a_room(400) as room:
        behind, other = Listener(), Listener()
        room.log.answers.clear()
        await room.enter(behind, since=0)
        await room.enter(other)
        await until(lambda: room.store.read({room.log.room_id: UNKNOWN}).rooms[room.log.room_id].count == 2)
        assert behind.frames == []
        room.log.answers.set()
        await until(lambda: heard(behind, "joined", other))
        assert behind.seqs == list(range(1, 401))


async def test_what_is_told_first_is_from_before_the_right_to_it_was_checked():
    """The snapshot is taken; somebody comes; they hear of it after it, once."""
    async with a_room() as room:
        witness, late = Listener(), Listener()
        await room.enter(witness)
        known = (await room.presence.views([room.log.room_id]))[room.log.room_id]
        between = Listener()
        await room.enter(between)
        await until(lambda: heard(witness, "joined", between))
        subscription = room.hub.subscribe(late, room.log.room_id, room.log.head, 0, present=True)
        told = room.presence.enter(subscription, "late", known)
        room.hub.start(subscription)
        assert str(between.user_id) not in [str(each.user.id) for each in told.users]
        await until(lambda: heard(late, "joined", between) and heard(late, "joined", late))
        assert passed(late).count(("joined", str(between.user_id))) == 1


async def test_a_database_that_is_away_delays_what_is_told():
    async with a_room() as room:
        alice, bob = Listener(), Listener()
        await room.enter(alice)
        await until(lambda: heard(alice, "joined", alice))
        room.log.fails = True
        await room.enter(bob)
        await until(lambda: room.store.read({room.log.room_id: UNKNOWN}).rooms[room.log.room_id].count == 2)
        await asyncio.sleep(0)
        assert not heard(alice, "joined", bob)
        room.log.fails = False
        await until(lambda: heard(alice, "joined", bob))


async def test_a_crowd_is_told_its_number_once_a_second():
    async with a_room(PRESENCE_USERS_MAX=3) as room:
        alice = Listener()
        await room.enter(alice)
        for _ in range(40):
            await room.enter()
            await asyncio.sleep(0.02)
        await until(lambda: [frame for frame in alice.frames if frame.get("data", {}).get("count") == 41])
        counted = [frame for frame in alice.frames if frame["type"] == "presence.counted"]
        assert 1 <= len(counted) <= 6
        assert all(frame["data"]["users"] is None for frame in counted)


async def test_a_crowd_that_is_none_any_more_is_named():
    async with a_room(PRESENCE_USERS_MAX=2) as room:
        alice = Listener()
        await room.enter(alice)
        others = [await room.enter() for _ in range(2)]
        await until(lambda: alice.frames and alice.frames[-1].get("data", {}).get("count") == 3)
        room.hub.unsubscribe(others[0])
        await until(lambda: alice.frames[-1]["data"].get("users"))
        assert [frame["type"] for frame in alice.frames][-1] == "presence.counted"
        assert len(alice.frames[-1]["data"]["users"]) == alice.frames[-1]["data"]["count"] == 2
        room.hub.unsubscribe(others[1])
        await until(lambda: passed(alice)[-1:] == [("left", str(others[1].subscriber.user_id))])


async def test_who_is_not_present_costs_nothing(monkeypatch):
    async with a_room() as room:
        monkeypatch.setattr(type(room.store), "write", pytest.fail)
        monkeypatch.setattr(type(room.store), "read", pytest.fail)
        subscription = room.hub.subscribe(Listener(), room.log.room_id, room.log.head, 0)
        room.hub.start(subscription)
        room.hub.unsubscribe(subscription)
        assert not room.presence._started


async def test_a_process_that_ends_is_nowhere_at_once():
    async with a_room() as room:
        await room.enter()
        store, room_id = room.store, room.log.room_id
        await until(lambda: store.read({room_id: UNKNOWN}).rooms[room_id].count == 1)
        await room.hub.aclose()
        reading = store.read({room_id: UNKNOWN})
        assert (reading.rooms[room_id].count, list(reading.living)) == (0, [])


async def test_coming_and_going_at_once_is_nothing():
    async with a_room() as room:
        witness, blink = Listener(), Listener()
        await room.enter(witness)
        await until(lambda: heard(witness, "joined", witness))
        version = room.store.read({room.log.room_id: UNKNOWN}).rooms[room.log.room_id].version
        known = (await room.presence.views([room.log.room_id]))[room.log.room_id]
        for _ in range(10):
            subscription = room.hub.subscribe(blink, room.log.room_id, room.log.head, 0, present=True)
            room.presence.enter(subscription, "blink", known)
            room.hub.unsubscribe(subscription)
        await asyncio.sleep(0.2)  # nothing comes of it: there is nothing to wait for
        assert room.store.read({room.log.room_id: version}).rooms == {}


async def test_a_process_that_others_took_for_dead_says_again_who_is_there():
    """Within a renewal; those on it hear nothing of it, and are there since when they were."""
    async with a_room() as room:
        witness, room_id = Listener(), room.log.room_id
        await room.enter(witness)
        await until(lambda: heard(witness, "joined", witness))
        before = room.store.read({room_id: UNKNOWN})
        await until(lambda: room.presence._attending._rooms[room_id][witness.user_id].since)
        for worker in before.living:
            room.store.end(worker)
        assert room.store.read({room_id: UNKNOWN}).rooms[room_id].users == {}
        await until(lambda: room.store.read({room_id: UNKNOWN}).rooms[room_id].users)
        assert room.store.read({room_id: UNKNOWN}).rooms[room_id].users == before.rooms[room_id].users
        assert len(witness.frames) == 1


class Counted:
    """A function, and what it was called with."""

    def __init__(self, function):
        self.function, self.given = function, []

    @property
    def calls(self) -> int:
        return len(self.given)

    def __call__(self, *args, **named):
        self.given.append(args)
        return self.function(*args, **named)


async def test_a_thousand_who_come_at_once_cost_a_few_questions():
    async with a_room() as room:
        witness = Listener()
        await room.enter(witness)
        await until(lambda: heard(witness, "joined", witness))
        room.log.heads = heads = Counted(room.log.heads)
        room.store.write = writes = Counted(room.store.write)
        room.store.read = reads = Counted(room.store.read)
        same = Listener()
        await asyncio.gather(*(room.enter(Listener(same.user_id)) for _ in range(900)))
        await asyncio.gather(*(room.enter() for _ in range(90)))
        await until(lambda: len(passed(witness)) == 92)
        # Besides what is looked at every second and every three.
        assert writes.calls <= 6
        assert reads.calls <= 20
        assert heads.calls <= 20
        assert room.log.reads == 0


async def test_one_more_device_says_nothing_to_the_others():
    async with a_room() as room:
        alice = Listener()
        first = await room.enter(alice)
        await until(lambda: heard(alice, "joined", alice))
        room.store.write = writes = Counted(room.store.write)
        second = await room.enter(Listener(alice.user_id))
        room.hub.unsubscribe(first)
        await room.enter(bob := Listener())
        await until(lambda: heard(bob, "joined", bob))
        room.hub.unsubscribe(second)
        await until(lambda: heard(bob, "left", alice))
        came = [each.user_id for _, _, arrivals, _ in writes.given for each in arrivals]
        went = [each.user_id for _, _, _, departures in writes.given for each in departures]
        assert (came, went) == ([bob.user_id], [alice.user_id])
