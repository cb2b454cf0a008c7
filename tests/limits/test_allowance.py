"""One connection's own rate."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.connection import rate_limit
from realtime.connection.rate_limit import Allowance


class Clock:
    now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(rate_limit, "time", clock)
    return clock


def test_so_many_at_once_and_then_so_many_a_second(clock):
    taken = Allowance()
    assert [taken.take(4, 3) for _ in range(3)] == [0, 0, 0]
    assert taken.take(4, 3) == pytest.approx(0.25)
    clock.now += 0.25
    assert taken.take(4, 3) == 0
    assert taken.take(4, 3) == pytest.approx(0.25)
    clock.now += 3_600
    assert [taken.take(4, 3) > 0 for _ in range(4)] == [False, False, False, True]


def test_what_is_refused_takes_nothing(clock):
    taken = Allowance()
    taken.take(1, 1)
    assert [taken.take(1, 1) for _ in range(50)] == [pytest.approx(1)] * 50
    clock.now += 1
    assert taken.take(1, 1) == 0


@given(st.integers(1, 20), st.integers(1, 30), st.lists(st.integers(0, 40), max_size=100))
def test_it_is_a_bucket_of_tokens(per_second, at_once, ticks):
    """Each tick is a twentieth of what brings a token back."""
    clock, taken, tokens = Clock(), Allowance(), 20 * at_once
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_limit, "time", clock)
        for tick in ticks:
            clock.now += tick / (20 * per_second)
            tokens = min(20 * at_once, tokens + tick)
            wait = taken.take(per_second, at_once)
            assert wait == pytest.approx(max(0, 20 - tokens) / (20 * per_second), abs=1e-6)
            tokens -= 0 if wait else 20


def test_its_own_clock_goes_on():
    taken, begun = Allowance(), time.monotonic()
    assert taken.take(50, 1) == 0
    while taken.take(50, 1):
        pass
    assert time.monotonic() - begun >= 0.0199
