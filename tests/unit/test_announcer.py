"""The announcer on a server's loop: what threads put, leaves in order; what can't leave harms nobody."""

import asyncio
import threading
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer

from chat.eventlog import announcements
from core import announcer as module
from core.announcer import Announcer
from tests.unit.announced import EPOCH, payloads, put, told
from tests.unit.clock import virtual
from tests.unit.stand_ins import LAYERS, Layer


@pytest.fixture
def layer(settings) -> Layer:
    settings.CHANNEL_LAYERS = LAYERS
    return get_channel_layer()


@pytest.fixture
async def announcer(layer):
    """One that sends on the test's own loop."""
    attached = Announcer()
    attached.attach()
    yield attached
    layer.taking.set()
    await attached.aclose()


# Batches


async def test_an_event_is_sent_to_its_rooms_group(announcer, layer):
    room = uuid4()
    put(announcer, room, 7)
    await announcer.aclose()
    message = {"type": "room.events", "room": str(room), "epoch": str(EPOCH), "seq": 7, "payloads": ["7"]}
    assert layer.sent == [(f"room.{room.hex}", message | {"origin": announcer.origin})]


async def test_two_announcers_are_told_apart_by_what_they_send(announcer, layer):
    """Whoever hears what a process announces also where it was announced hears it twice."""
    assert Announcer().origin != announcer.origin


async def test_consecutive_events_of_a_room_go_out_together_and_rooms_in_turn(announcer, layer):
    first, second = uuid4(), uuid4()
    put(announcer, first, 1, 2)
    put(announcer, second, 5)
    put(announcer, first, 3)
    await announcer.aclose()
    assert told(layer, first) == [(1, ["1", "2", "3"])]
    assert told(layer, second) == [(5, ["5"])]


async def test_what_does_not_follow_goes_out_on_its_own(announcer, layer):
    room = uuid4()
    put(announcer, room, 1, 3, 2)
    put(announcer, room, 3, epoch=uuid4())
    await announcer.aclose()
    assert told(layer, room) == [(1, ["1"]), (3, ["3"]), (2, ["2"]), (3, ["3"])]


async def test_a_batch_is_bounded_in_events_and_characters(announcer, layer):
    many, big = uuid4(), uuid4()
    put(announcer, many, *range(1, 1_001))
    put(announcer, big, *range(1, 5), size=400_000)
    await announcer.aclose()
    assert payloads(layer, many) == [str(seq) for seq in range(1, 1_001)]
    assert max(len(batch) for _, batch in told(layer, many)) <= 256
    assert [len(batch) for _, batch in told(layer, big)] == [1, 1, 1, 1], "two would be more than 512 000 characters"


async def test_what_is_put_while_a_batch_is_being_sent_waits_for_the_next(announcer, layer):
    room = uuid4()
    layer.taking.clear()
    put(announcer, room, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    put(announcer, room, 2, 3)
    layer.taking.set()
    await announcer.aclose()
    assert payloads(layer, room) == ["1", "2", "3"]


# Failing


async def test_a_layer_that_fails_is_counted_and_nothing_is_raised(announcer, layer, caplog):
    layer.away = True
    put(announcer, uuid4(), 1, 2)
    put(announcer, uuid4(), 1)
    await announcer.aclose()
    assert announcer.failed == 3
    assert len(caplog.records) == 1, "one line for an outage, not one per message"


async def test_it_recovers_with_the_layer_and_sends_nothing_again(announcer, layer, caplog):
    room = uuid4()
    layer.away = True
    put(announcer, room, 1)
    await announcer.aclose()
    layer.away = False
    announcer.attach()
    put(announcer, room, 2)
    await announcer.aclose()
    assert told(layer, room) == [(2, ["2"])]
    layer.away = True
    announcer.attach()
    put(announcer, room, 3)
    await announcer.aclose()
    assert (announcer.failed, len(caplog.records)) == (2, 3), "each outage is news, and its end"


async def test_past_its_bound_events_are_dropped_and_counted(announcer, layer):
    """Whatever holds up the layer, memory is bounded: the log has what is dropped."""
    bound = module._PENDING_FACTS
    layer.taking.clear()
    put(announcer, uuid4(), *range(1, bound + 11))
    assert announcer.failed == 10
    layer.taking.set()
    await announcer.aclose()
    assert sum(len(said["payloads"]) for _, said in layer.sent) == bound


async def test_what_waits_is_bounded_in_characters_too(announcer, layer):
    """50 000 events of 20 000 characters would be a gigabyte."""
    layer.taking.clear()
    payload = "x" * 20_000  # one string, however often it waits here
    room = uuid4()
    for seq in range(1, 20_001):
        announcer.put(announcements.Appended(room, EPOCH, seq, [payload]))
    assert announcer.failed > 0
    layer.taking.set()


@virtual
async def test_closing_waits_for_a_layer_that_hangs_only_so_long(layer):
    """Each batch may take a second: a full queue must not keep a worker that was told to stop."""
    announcer = Announcer()
    announcer.attach()
    layer.taking.clear()
    for _ in range(100):
        put(announcer, uuid4(), 1)
    await announcer.aclose()
    assert asyncio.get_running_loop().time() < 10


# Threads


async def test_many_threads_put_and_every_room_keeps_its_order(announcer, layer):
    rooms = [uuid4() for _ in range(8)]
    await asyncio.gather(*(asyncio.to_thread(put, announcer, room, *range(1, 301)) for room in rooms))
    await announcer.aclose()
    for room in rooms:
        assert payloads(layer, room) == [str(seq) for seq in range(1, 301)]


async def test_many_threads_put_into_one_room_and_nothing_is_lost(announcer, layer):
    lock, numbers, room = threading.Lock(), iter(range(1, 1_001)), uuid4()

    def work() -> None:
        while True:
            with lock:
                seq = next(numbers, None)
            if seq is None:
                return
            put(announcer, room, seq)

    await asyncio.gather(*(asyncio.to_thread(work) for _ in range(4)))
    await announcer.aclose()
    assert sorted(map(int, payloads(layer, room))) == list(range(1, 1_001))
    assert all(batch == [str(first + n) for n in range(len(batch))] for first, batch in told(layer, room))


# Probing


async def test_a_probe_tells_whether_the_layer_takes_a_message(announcer, layer):
    assert await asyncio.to_thread(announcer.probe)
    layer.away = True
    assert not await asyncio.to_thread(announcer.probe)
    layer.away = False
    layer.taking.clear()
    assert not await asyncio.to_thread(announcer.probe, 0.01)
