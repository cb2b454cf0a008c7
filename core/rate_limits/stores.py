"""Stores of rate limits and delays: Redis, for all processes, or the memory of one process.

A *rate* is the generic cell rate algorithm: one number per key, the time at which the bucket is full again
(brandur.org/rate-limiting). A *delay* has two numbers: the attempts so far, and the time of the next permitted one.
Each call is atomic.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from core.redis_scripts import Call, Script, Scripts

# The keys in memory above which expired ones are removed; and the most keys it holds, some 70 MB.
_MEMORY_KEYS = 10_000
_MEMORY_KEYS_MAX = 200_000


class Bucket(NamedTuple):
    """The parameters of a limit for one subject. Times are in milliseconds.

    For a rate, `free` is 0, `pause` is the interval of one request, and `most` is how far ahead the bucket may be
    filled. For a delay, `free` attempts need no pause; then `pause` doubles, up to `most`; attempts expire when `quiet`
    has passed after the last pause.
    """

    key: str
    free: int
    pause: int
    most: int
    quiet: int


class Store(Protocol):
    def take(self, buckets: Sequence[Bucket]) -> int:
        """Take one from each bucket, and return 0; or take none, and return the milliseconds to wait."""

    def take_each(self, buckets: Sequence[Bucket]) -> list[int]:
        """Call `take` for each bucket on its own, in one round trip."""

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        """Give one back to each rate; reset each delay."""


class Memory:
    """A store for one process, which counts alone. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # The attempts so far; when the next is permitted (a delay) or the bucket is full again (a rate); the expiry.
        self._kept: dict[str, tuple[int, int, int]] = {}
        self._most = _MEMORY_KEYS

    def take(self, buckets: Sequence[Bucket]) -> int:
        with self._lock:
            now = self._now()
            states = [self._state(bucket, now) for bucket in buckets]
            wait = max(_wait(bucket, *state, now) for bucket, state in zip(buckets, states, strict=True))
            if wait <= 0:
                for bucket, (tried, at) in zip(buckets, states, strict=True):
                    self._kept[bucket.key] = _taken(bucket, tried, at, now)
                self._forget(now)
            return max(0, wait)

    def take_each(self, buckets: Sequence[Bucket]) -> list[int]:
        return [self.take([bucket]) for bucket in buckets]

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        with self._lock:
            for bucket in buckets:
                tried, at, end = self._kept.pop(bucket.key, (0, 0, 0))
                if not bucket.free and at:
                    self._kept[bucket.key] = (tried, at - bucket.pause, end - bucket.pause)

    def _now(self) -> int:
        return int(self._clock() * 1_000)

    def _state(self, bucket: Bucket, now: int) -> tuple[int, int]:
        tried, at, end = self._kept.get(bucket.key, (0, 0, 0))
        return (tried, at) if end > now else (0, 0)

    def _forget(self, now: int) -> None:
        """Remove expired keys, whenever the number of keys has doubled since the last removal. A client that sends new
        names and IP addresses without end can't fill the memory: above a bound, the keys that expire soonest are
        removed."""
        if len(self._kept) <= self._most:
            return
        kept = [(key, state) for key, state in self._kept.items() if state[2] > now]
        if len(kept) > _MEMORY_KEYS_MAX // 2:
            kept = sorted(kept, key=lambda item: item[1][2])[-_MEMORY_KEYS_MAX // 2 :]
        self._kept = dict(kept)
        self._most = max(_MEMORY_KEYS, 2 * len(kept))


def _wait(bucket: Bucket, tried: int, at: int, now: int) -> int:
    return at - now if bucket.free else max(at, now) - bucket.most - now


def _taken(bucket: Bucket, tried: int, at: int, now: int) -> tuple[int, int, int]:
    if not bucket.free:
        full = max(at, now) + bucket.pause
        return 0, full, full
    tried += 1
    pause = 0 if tried < bucket.free else min(bucket.most, bucket.pause * 2 ** min(tried - bucket.free, 30))
    return tried, now + pause, now + pause + bucket.quiet


# `Memory.take` as a script. It uses the clock of Redis, because the clocks of hosts may differ.
_TAKE = Script("""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tried, ats, wait = {}, {}, 0
for i, key in ipairs(KEYS) do
  local free, most = tonumber(ARGV[i * 4 - 3]), tonumber(ARGV[i * 4 - 1])
  local kept = redis.call('HMGET', key, 'tried', 'at')
  tried[i], ats[i] = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
  local left = free > 0 and ats[i] - now or math.max(ats[i], now) - most - now
  wait = math.max(wait, left)
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local free, pause = tonumber(ARGV[i * 4 - 3]), tonumber(ARGV[i * 4 - 2])
  local most, quiet = tonumber(ARGV[i * 4 - 1]), tonumber(ARGV[i * 4])
  local at
  if free == 0 then
    at = math.max(ats[i], now) + pause
  else
    tried[i] = tried[i] + 1
    at = now + (tried[i] < free and 0 or math.min(most, pause * 2 ^ math.min(tried[i] - free, 30)))
  end
  redis.call('HSET', key, 'tried', tried[i], 'at', string.format('%.0f', at))
  redis.call('PEXPIRE', key, math.max(1, at - now + quiet))
end
return 0
""")

_GIVE_BACK = Script("""
for i, key in ipairs(KEYS) do
  if tonumber(ARGV[i * 4 - 3]) > 0 then
    redis.call('DEL', key)
  elseif redis.call('EXISTS', key) == 1 then
    redis.call('HINCRBY', key, 'at', -tonumber(ARGV[i * 4 - 2]))
  end
end
""")


class Shared:
    """A store in Redis, for all processes. Raises redis.RedisError while Redis is away."""

    def __init__(self, url: str, prefix: str) -> None:
        self._prefix = f"{prefix}:limit:"
        self._scripts = Scripts(url)

    def take(self, buckets: Sequence[Bucket]) -> int:
        return self._run(_TAKE, [buckets])[0]

    def take_each(self, buckets: Sequence[Bucket]) -> list[int]:
        return self._run(_TAKE, [[bucket] for bucket in buckets])

    def give_back(self, buckets: Sequence[Bucket]) -> None:
        self._run(_GIVE_BACK, [buckets])

    def _run(self, script: Script, asked: Sequence[Sequence[Bucket]]) -> list[int]:
        calls = [Call(script, self._keys(buckets), _numbers(buckets)) for buckets in asked]
        return [int(wait or 0) for wait in self._scripts.run(calls)]

    def _keys(self, buckets: Sequence[Bucket]) -> list[str]:
        return [self._prefix + bucket.key for bucket in buckets]


def _numbers(buckets: Sequence[Bucket]) -> list[int]:
    return [number for bucket in buckets for number in bucket[1:]]
