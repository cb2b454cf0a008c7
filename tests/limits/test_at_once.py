"""However many ask at once, in one process or in several: exactly as many are admitted as one after the other."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import override_settings

from core.errors import RateLimited
from core.rate_limits import limiter
from core.rate_limits.limiter import Ask, Limit
from core.rate_limits.stores import Bucket
from tests.limits.stores import InRedis
from tests.limits.taker import BUCKET, COUNT, taken
from tests.servers import PROJECT

PLENTY = Bucket("plenty", 0, 3_600_000, 10_000 * 3_600_000, 0)


def test_threads(store):
    assert taken(store, threads=300, tries=4) == COUNT


def test_threads_that_ask_for_several(store):
    """What is refused by one bucket is not taken from another."""
    assert taken(store, 50, 20, PLENTY) == COUNT
    assert taken(store, 50, 20, PLENTY._replace(most=(COUNT - 1) * PLENTY.pause)) == 0
    scarce = PLENTY._replace(most=COUNT * PLENTY.pause)  # one more than were admitted
    assert [store.take([scarce]) > 0 for _ in range(2)] == [False, True]


def test_threads_on_a_delay(store):
    delay = Bucket("delay", 7, 3_600_000, 3_600_000, 3_600_000)
    with ThreadPoolExecutor(50) as pool:
        waits = list(pool.map(lambda _: store.take([delay]), range(500)))
    assert waits.count(0) == 7


def test_threads_that_take_and_give_back(store):
    """Nothing is lost, and nothing won."""

    def borrow(_: int) -> None:
        if store.take([BUCKET]) == 0:
            store.give_back([BUCKET])

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(borrow, range(1_000)))
    assert taken(store, 10, 20) == COUNT


def test_processes():
    store = InRedis()
    command = [sys.executable, "-m", "tests.limits.taker", store.url, store.prefix, "10", "10"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    takers = [subprocess.Popen(command, cwd=PROJECT, **pipes) for _ in range(4)]
    try:
        assert {taker.stdout.readline() for taker in takers} == {"ready\n"}
        for taker in takers:
            taker.stdin.write("go\n")
            taker.stdin.flush()
        counts = [int(taker.communicate(timeout=60)[0]) for taker in takers]
    finally:
        for taker in takers:
            taker.kill()
            taker.communicate()
        store.close()
    assert sum(counts) == COUNT


@pytest.mark.parametrize("redis", [True, False], ids=["redis", "memory"])
def test_the_first_that_ask_at_once_share_one_count(redis, monkeypatch):
    """Each would make a store of its own, and memory that nobody shares counts nothing."""
    monkeypatch.setattr(limiter, "Memory", slow(limiter.Memory))
    store = InRedis()
    together = threading.Barrier(20)
    limits = {"RATE_LIMITS": True, "REDIS_URL": store.url if redis else "", "REDIS_PREFIX": store.prefix}

    def take(_: int) -> bool:
        together.wait()
        try:
            limiter.take(Ask(Limit("few"), "somebody"))
        except RateLimited:
            return False
        return True

    with override_settings(**limits, RATES={"few": (3, 3_600)}), ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(take, range(20))) == 3
    store.close()


def slow(make):
    """What takes long enough for others to come."""

    def made():
        threading.Event().wait(0.05)
        return make()

    return made
