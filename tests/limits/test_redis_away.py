"""Redis stopped, started again or silent: what is closed refuses, what is open admits, and nobody waits for long."""

import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import redis

from core import redis_scripts
from core.errors import RateLimited, Unavailable
from core.rate_limits import limiter
from core.rate_limits.limiter import Ask, Limit
from core.rate_limits.stores import Bucket
from devtools.process import wait_until
from devtools.valkey import Valkey
from tests.limits.stores import InRedis
from tests.proxy import Proxy

OPEN, CLOSED = Limit("open"), Limit("closed", closed=True)
BUCKET = Bucket("bucket", 0, 3_600_000, 2 * 3_600_000, 0)


@pytest.fixture
def valkey():
    with Valkey() as valkey:
        yield valkey


@pytest.fixture
def limited(settings):
    """A function that has this process count at an address."""

    def count(port: int) -> None:
        settings.RATE_LIMITS = True
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        settings.RATES = {"open": (2, 3_600), "closed": (2, 3_600)}

    return count


@pytest.fixture
def silence():
    """A port where every connection is taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield server.getsockname()[1]


@pytest.fixture
def nobody():
    """A port where nobody is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def ask(*limits: Limit) -> str:
    try:
        limiter.take(*(Ask(limit, "somebody") for limit in limits))
    except (RateLimited, Unavailable) as error:
        return error.code
    return "admitted"


@pytest.mark.parametrize("port", ["silence", "nobody"])
def test_closed_limits_refuse_and_open_ones_admit(limited, port, request):
    limited(request.getfixturevalue(port))
    asked = [(OPEN,), (CLOSED,), (OPEN, CLOSED), (OPEN, OPEN)]
    for _ in range(2):  # having waited for Redis, and not
        assert [ask(*limits) for limits in asked] == ["admitted", "unavailable", "unavailable", "admitted"]
    assert limiter.take_each(OPEN, ["a", "b"]) == [0, 0]
    assert all(limiter.take_each(CLOSED, ["a", "b"]))
    limiter.give_back(Ask(CLOSED, "somebody"))


def test_what_is_refused_says_when_to_come_back(limited, nobody):
    limited(nobody)
    with pytest.raises(Unavailable) as refused:
        limiter.take(Ask(CLOSED, "somebody"))
    assert refused.value.retry_after


def test_the_log_has_one_line_with_the_reason_and_no_subject(limited, nobody, caplog):
    limited(nobody)
    limiter._outage.end()
    caplog.clear()
    with caplog.at_level(logging.DEBUG):
        for _ in range(100):
            limiter.take(Ask(OPEN, "alice@example.com"))
    assert len(caplog.records) == 1
    assert f"ConnectionError: Error 111 connecting to 127.0.0.1:{nobody}" in caplog.text
    assert "alice" not in caplog.text


def test_off_asks_nobody(limited, silence, settings):
    limited(silence)
    settings.RATE_LIMITS = False
    limiter.take(Ask(CLOSED, "somebody"))
    limiter.give_back(Ask(CLOSED, "somebody"))
    assert limiter.take_each(CLOSED, ["a"]) == [0]


def test_a_redis_that_was_started_again_is_counted_on_at_once(valkey):
    """It knows no script any more, and every connection to it is broken."""
    store = InRedis(valkey.url)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: store.take([BUCKET]), range(100)))
    again = Valkey(port=valkey.port)
    valkey.stop()
    with again:
        with ThreadPoolExecutor(20) as pool:
            waits = list(pool.map(lambda _: store.take([BUCKET]), range(100)))
        assert waits.count(0) == 3
        store.give_back([BUCKET])
        assert store.take([BUCKET]) == 0
        store.close()


@pytest.mark.parametrize("name", ["take", "take_each", "give_back"])
def test_a_redis_that_lost_its_scripts(valkey, name):
    store = InRedis(valkey.url)
    store.take([BUCKET])
    store.client.script_flush()
    getattr(store, name)([BUCKET])
    store.close()


def test_a_redis_that_was_killed_and_comes_back(valkey, limited):
    limited(valkey.port)
    assert [ask(CLOSED) for _ in range(3)] == ["admitted", "admitted", "rate_limited"]
    valkey.stop()
    assert ask(CLOSED) == "unavailable"
    assert [ask(OPEN) for _ in range(3)] == ["admitted"] * 3
    with Valkey(port=valkey.port):
        assert wait_until(lambda: ask(CLOSED) != "unavailable", 15)
        assert wait_until(lambda: ask(OPEN) == "rate_limited", 15)


def test_a_redis_that_refuses_to_write_is_away(valkey, limited):
    """As a replica does, and one whose memory is full."""
    limited(valkey.port)
    client = redis.Redis.from_url(valkey.url)
    client.config_set("maxmemory", "1")
    client.config_set("maxmemory-policy", "noeviction")
    assert (ask(CLOSED), ask(OPEN)) == ("unavailable", "admitted")
    client.config_set("maxmemory", "0")
    assert wait_until(lambda: ask(CLOSED) == "admitted", 15)
    client.close()


def timed(store) -> float:
    """How long a call took."""
    begun = time.monotonic()
    with suppress(redis.RedisError):
        store.take([BUCKET])
    return time.monotonic() - begun


def calls_that_waited(store, calls: int) -> int:
    return sum(timed(store) > redis_scripts._REDIS_SECONDS / 2 for _ in range(calls))


def test_a_silent_redis_is_waited_for_by_one_call(valkey, monkeypatch):
    monkeypatch.setattr(redis_scripts, "_AWAY_SECONDS", 3.0)
    with Proxy(valkey.port) as proxy:
        store = InRedis(f"redis://127.0.0.1:{proxy.port}/0")
        store.take([BUCKET])
        for line in proxy.lines:
            line.silent = True
        assert calls_that_waited(store, 200) == 1
        assert len(proxy.lines) == 1  # nobody tried it again at another door
        assert wait_until(lambda: timed(store) > 0 and len(proxy.lines) == 2, 15)
        assert wait_until(lambda: store.take([BUCKET]) >= 0, 15)


def test_one_call_finds_out_whether_a_silent_redis_is_back(silence, monkeypatch):
    """The others go on at once meanwhile, however many they are."""
    monkeypatch.setattr(redis_scripts, "_AWAY_SECONDS", 3.0)
    store = InRedis(f"redis://127.0.0.1:{silence}/0")
    assert calls_that_waited(store, 1) == 1
    store._scripts._away_until = time.monotonic()  # those seconds are over
    together = threading.Barrier(40)

    def call(_: int) -> float:
        together.wait()
        return timed(store)

    with ThreadPoolExecutor(40) as pool:
        took = sorted(pool.map(call, range(40)))
    assert sum(seconds > redis_scripts._REDIS_SECONDS * 0.9 for seconds in took) == 1


def test_many_at_once_are_no_sign_that_redis_is_away(valkey):
    """A flood would open what is open, and close the login for everybody."""
    store = InRedis(valkey.url)
    together = threading.Barrier(300)

    def call(_: int) -> int:
        together.wait()
        return store.take([BUCKET])

    with ThreadPoolExecutor(300) as pool:
        waits = list(pool.map(call, range(300)))
    assert waits.count(0) == 3
    assert store.client.info("clients")["connected_clients"] <= redis_scripts._AT_ONCE + 2
    store.close()


def test_many_at_once_wait_for_a_silent_redis_together(silence):
    """Not one after the other."""
    store = InRedis(f"redis://127.0.0.1:{silence}/0")
    begun = time.monotonic()
    with ThreadPoolExecutor(200) as pool:
        list(pool.map(lambda _: timed(store), range(400)))
    assert time.monotonic() - begun < 10 * redis_scripts._REDIS_SECONDS
