"""Rates and delays in both stores: whatever is asked in whatever order, what the plain reference says."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.rate_limits import stores
from core.rate_limits.stores import Bucket, Memory
from tests.limits.reference import Reference
from tests.limits.stores import STORES, UNIT, InMemory, InRedis, close

HOUR = 3_600_000

KINDS = [
    Bucket("three", 0, UNIT, 2 * UNIT, 0),
    Bucket("one", 0, 2 * UNIT, 0, 0),
    Bucket("seven, fast", 0, UNIT // 2, 3 * UNIT, 0),
    Bucket("two free", 2, UNIT, 5 * UNIT, 3 * UNIT),
    Bucket("one free", 1, UNIT, 100 * UNIT, UNIT),
    Bucket("forgotten soon", 2, UNIT, 4 * UNIT, UNIT // 2),
]
SOME = st.lists(st.sampled_from(KINDS), min_size=1, unique=True)
STEP = (
    st.tuples(st.just("take"), SOME)
    | st.tuples(st.just("take_each"), st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    | st.tuples(st.just("give_back"), SOME)
    | st.tuples(st.just("advance"), st.integers(1, 20).map(lambda halves: halves * UNIT // 2))
)


def same(store, answer, expected) -> bool:
    """The reference's time stands still while a test runs; Redis' does not."""
    if store.exact or not expected:
        return answer == expected
    pairs = zip(answer, expected, strict=True) if isinstance(expected, list) else [(answer, expected)]
    return all(said == right or 0 < right - said < UNIT / 4 for said, right in pairs)


@pytest.mark.parametrize("make", STORES, ids=["memory", "redis"])
def test_a_store_does_as_the_reference(make):
    @settings(max_examples=150, deadline=None)
    @given(st.lists(STEP, max_size=40))
    def check(steps):
        store, reference = make(), Reference()
        try:
            for name, subject in steps:
                answer, expected = getattr(store, name)(subject), getattr(reference, name)(subject)
                assert same(store, answer, expected), (name, subject, answer, expected)
        finally:
            close(store)

    check()


def waits(store, bucket: Bucket, count: int) -> list[float]:
    """What each of so many attempts has to wait for, each made as soon as it may be; in seconds."""
    waited = []
    for _ in range(count):
        wait = store.take([bucket])
        if wait:
            store.advance(wait)
            assert store.take([bucket]) == 0
        waited.append(round(wait / 1_000))
    return waited


def test_a_rate_admits_its_count_at_once_and_then_one_each_interval(store):
    assert waits(store, Bucket("rate", 0, 60_000, 4 * 60_000, 0), 8) == [0, 0, 0, 0, 0, 60, 60, 60]


def test_a_rate_that_is_left_alone_is_full_again_and_no_more_than_full(store):
    bucket = Bucket("rate", 0, 60_000, 4 * 60_000, 0)
    waits(store, bucket, 5)
    store.advance(HOUR)
    assert waits(store, bucket, 6) == [0, 0, 0, 0, 0, 60]


def test_a_refused_one_takes_nothing(store):
    bucket = Bucket("rate", 0, UNIT, 0, 0)
    assert store.take([bucket]) == 0
    assert all(store.take([bucket]) > 0 for _ in range(20))
    store.advance(UNIT)
    assert store.take([bucket]) == 0


def test_a_delay_doubles_up_to_its_longest(store):
    delay = Bucket("delay", 3, 60_000, 900_000, 10 * HOUR)
    assert waits(store, delay, 10) == [0, 0, 0, 60, 120, 240, 480, 900, 900, 900]


def test_a_delay_that_was_tried_for_years_still_counts(store):
    """2 ** 10 000 is a number no store should meet."""
    delay = Bucket("delay", 1, 1, 1, HOUR)
    assert all(store.take([delay]) == 0 or store.advance(1_000) is None for _ in range(3_000))
    assert waits(store, delay._replace(most=900_000), 2)[1] == 900


def test_a_delay_begins_anew_when_it_is_given_back(store):
    delay = Bucket("delay", 3, 60_000, 900_000, HOUR)
    waits(store, delay, 5)
    store.give_back([delay])
    assert waits(store, delay, 5) == [0, 0, 0, 60, 120]


def test_a_delay_is_forgotten_after_its_quiet_time_and_not_before(store):
    delay = Bucket("delay", 1, UNIT, 16 * UNIT, 4 * UNIT)
    assert waits(store, delay, 3) == [0, 1_000, 2_000]
    store.advance(4 * UNIT + 3 * UNIT)  # its pause of four, and not all of the four after it
    assert waits(store, delay, 2) == [0, 8_000]
    store.advance(16 * UNIT + 4 * UNIT)
    assert waits(store, delay, 2) == [0, 1_000]


def test_what_has_a_wait_is_nothing_taken_from_any(store):
    scarce, plenty, delay = (
        Bucket("scarce", 0, UNIT, 0, 0),
        Bucket("plenty", 0, UNIT, UNIT, 0),
        Bucket("d", 2, UNIT, UNIT, UNIT),
    )
    assert store.take([plenty, delay, scarce]) == 0
    assert all(store.take([delay, plenty, scarce]) > 0 for _ in range(5))
    assert store.take([delay, plenty]) == 0
    assert store.take([delay]) > 0
    assert store.take([plenty]) > 0


def test_the_longest_wait_is_said(store):
    short, long = Bucket("short", 0, UNIT, 0, 0), Bucket("long", 0, 9 * UNIT, 0, 0)
    assert store.take([short, long]) == 0
    assert math.isclose(store.take([short, long]), 9 * UNIT, rel_tol=0.02)
    assert math.isclose(store.take([long, short]), 9 * UNIT, rel_tol=0.02)


def test_what_is_given_back_can_be_taken_again_and_is_never_more_than_there_was(store):
    bucket = Bucket("rate", 0, UNIT, UNIT, 0)
    for _ in range(3):
        store.give_back([bucket])
    assert [store.take([bucket]) > 0 for _ in range(3)] == [False, False, True]
    for _ in range(9):
        store.give_back([bucket])
    assert [store.take([bucket]) > 0 for _ in range(3)] == [False, False, True]


def test_subjects_are_counted_apart(store):
    numbers = (0, UNIT, 0, 0)
    assert store.take_each([Bucket(name, *numbers) for name in "abab"])[:2] == [0, 0]
    assert all(store.take_each([Bucket(name, *numbers) for name in "ab"]))
    assert store.take([Bucket("c", *numbers)]) == 0


def test_redis_forgets_every_key():
    store = InRedis()
    rate, delay = Bucket("rate", 0, 1_000, 9_000, 0), Bucket("delay", 1, 1_000, 60_000, 5_000)
    for _ in range(3):
        store.take_each([rate, delay])
        store.give_back([rate])
    store.give_back([Bucket("never taken", 0, 1_000, 0, 0), Bucket("nor this", 1, 1_000, 1_000, 1_000)])
    lives = {key.rpartition(":")[2]: store.client.pttl(key) for key in store.held()}
    assert lives.keys() == {"rate", "delay"}
    assert 0 < lives["rate"] <= 3_000
    assert 5_000 < lives["delay"] <= 6_000
    store.close()


def test_memory_forgets_what_has_ended():
    store = InMemory()
    for number in range(200_000):
        store.take([Bucket(f"{number}", 0, 1_000, 0, 0)])
        store.seconds += 1
    assert len(store.held()) <= 10_001


def test_memory_has_an_end_and_keeps_what_lasts_longest(monkeypatch):
    """Somebody with a network of IPv6 addresses brings new ones without end."""
    monkeypatch.setattr(stores, "_MEMORY_KEYS_MAX", 20_000)
    store = InMemory()
    guessed = Bucket("guessed", 1, 900_000, 900_000, HOUR)
    assert store.take([guessed]) == 0
    for number in range(100_000):
        store.take([Bucket(f"{number}", 0, HOUR, 0, 0)])
    assert len(store.held()) <= 20_001
    assert store.take([guessed]) > 0


def test_memory_s_own_clock_goes_on():
    store, bucket = Memory(), Bucket("rate", 0, 20, 0, 0)
    assert store.take([bucket]) == 0
    while store.take([bucket]):
        pass  # the deadline is pytest's


def test_redis_s_own_clock_goes_on():
    store, bucket = InRedis(), Bucket("rate", 0, 20, 0, 0)
    assert store.take([bucket]) == 0
    while store.take([bucket]):
        pass
    store.close()
