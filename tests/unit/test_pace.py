"""Pace: what comes slowly goes out at once; what comes faster than it can be written shares its writes."""

import asyncio
import random

import pytest

from realtime.delivery.pacing import Pace
from tests.unit.clock import virtual
from tests.unit.pace_room import Room, now, takes, timers, turn

GATHER = 0.005


@pytest.fixture(autouse=True)
def _settings(settings):
    settings.REALTIME_GATHER_SECONDS = GATHER


# A quiet room


@virtual
async def test_the_first_event_goes_out_at_once():
    room = Room()
    room.hears()
    assert room.writer.bursts == [[1]]
    assert timers() == []


@virtual
async def test_without_news_nothing_is_done():
    room = Room()
    room.pace.deliver(room.feed)
    assert room.writer.bursts == []
    assert timers() == []


@virtual
async def test_cheap_deliveries_never_wait():
    room = Room(seconds=0.0004)
    for _ in range(10):
        room.hears()
        await turn()
    assert room.writer.bursts == [[seq] for seq in range(1, 11)]
    assert timers() == []


@virtual
async def test_who_speaks_after_the_wait_waits_no_more():
    room = Room(seconds=1.0)
    for _ in range(3):
        room.hears()
        await turn()
        takes(GATHER)
    assert room.writer.bursts == [[1], [2], [3]]


# A busy one


@virtual
async def test_after_an_expensive_delivery_what_comes_shares_the_next():
    room = Room(seconds=1.0)
    room.hears()
    await turn()
    ended = now()
    room.hears(20)
    assert room.writer.bursts == [[1]]
    await asyncio.sleep(GATHER)
    assert room.writer.bursts == [[1], list(range(2, 22))]
    assert room.writer.at[1] - ended == pytest.approx(GATHER)


@virtual
async def test_what_comes_late_in_the_wait_goes_with_the_rest():
    room = Room(seconds=1.0)
    room.hears()
    await turn()
    room.hears()
    await asyncio.sleep(GATHER * 0.9)
    room.hears()
    await asyncio.sleep(GATHER * 0.2)
    assert room.writer.bursts == [[1], [2, 3]]


@virtual
async def test_the_wait_is_half_of_what_the_delivery_took():
    room = Room(seconds=0.004)
    room.hears()
    await turn()
    ended = now()
    room.hears()
    await asyncio.sleep(GATHER)
    assert room.writer.at[1] - ended == pytest.approx(0.002)


@virtual
async def test_when_deliveries_get_cheap_again_nothing_waits():
    room = Room(seconds=1.0)
    room.hears()
    await turn()
    room.writer.seconds = 0.0
    room.hears()
    await asyncio.sleep(GATHER)
    await turn()
    room.hears()
    assert room.writer.bursts == [[1], [2], [3]]
    assert timers() == []


@virtual
async def test_one_room_waits_for_no_other():
    busy = Room(seconds=1.0)
    quiet = Room(busy.pace)
    busy.hears()
    await turn()
    busy.hears()
    quiet.hears()
    assert (busy.writer.bursts, quiet.writer.bursts) == ([[1]], [[1]])


@pytest.mark.parametrize("seed", range(20))
def test_nothing_waits_longer_than_the_limit_and_order_is_kept(seed):
    """Whatever deliveries cost and whenever events come."""

    @virtual
    async def scenario():
        dice = random.Random(seed)
        room = Room()
        came: list[float] = []
        for _ in range(200):
            room.writer.seconds = dice.choice([0, 0.0005, 0.002, 0.01, 0.3])
            came.append(now())
            room.hears()
            await asyncio.sleep(dice.choice([0, 0, 0.0001, 0.001, 0.004, 0.02]))
        await asyncio.sleep(1)
        assert room.writer.seqs == list(range(1, 201))
        left = [at for at, burst in zip(room.writer.at, room.writer.bursts, strict=True) for _ in burst]
        assert max(after - before for before, after in zip(came, left, strict=True)) <= GATHER + 1e-9
        assert len(room.writer.bursts) < 200, "some were gathered"

    scenario()


# Its end


@virtual
async def test_a_forgotten_room_leaves_no_timer_and_hears_nothing():
    room = Room(seconds=1.0)
    room.hears()
    await turn()
    room.hears()
    assert len(timers()) == 1
    room.pace.forget(room.feed)
    assert timers() == []
    await asyncio.sleep(1)
    assert room.writer.bursts == [[1]]


@virtual
async def test_a_stopped_pace_leaves_no_timer():
    pace = Pace(asyncio.get_running_loop().time)
    rooms = [Room(pace, seconds=1.0) for _ in range(3)]
    for room in rooms:
        room.hears(2)
    assert len(timers()) == 3
    pace.stop()
    assert timers() == []
    await asyncio.sleep(1)
    assert [room.writer.bursts for room in rooms] == [[[1]]] * 3


@virtual
async def test_a_room_that_was_closed_is_not_kept():
    pace = Pace(asyncio.get_running_loop().time)
    quiet, busy, waiting = Room(pace), Room(pace, seconds=1.0), Room(pace, seconds=1.0)
    waiting.hears(2)
    busy.hears()
    quiet.hears()
    for room in (quiet, busy, waiting):
        assert room.is_kept, "else this test tests nothing"
        room.close()
        await turn()
        assert not room.is_kept


@virtual
async def test_a_stopped_pace_keeps_no_room():
    """The hub that stops leaves its subscriptions to the sockets, which end later."""
    room = Room(seconds=1.0)
    room.hears()
    room.pace.stop()
    await turn()
    room.feed.drop(room.subscription)
    del room.feed, room.subscription
    assert not room.is_kept
