"""Lua scripts in Redis, each of which is atomic.

While Redis is away, one call per second waits for it, and all other calls fail at once.
"""

import hashlib
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_REDIS_SECONDS = 0.5
# While Redis is away, one call in so many seconds waits for it.
_AWAY_SECONDS = 1.0
# The most concurrent calls of a process; further ones wait.
_AT_ONCE = 32


class Resting(redis.ConnectionError):
    """Redis did not answer within the last second, and is not asked again yet."""


# Answers of a server whose role has changed since the connection was opened. A new connection to the same host leads
# to another server.
_ELSEWHERE = (redis.exceptions.ReadOnlyError, redis.exceptions.MasterDownError, redis.exceptions.MovedError)


class Script:
    """A Lua script, which Redis caches under its SHA-1 digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Call(NamedTuple):
    """A script with its keys and arguments."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[str | int]


class Scripts:
    """The scripts of one Redis. While it is away, calls raise redis.RedisError: one per second after a wait, others at
    once."""

    def __init__(self, url: str) -> None:
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        # Not 0 while Redis is away: no call is made before this time.
        self._away_until = 0.0
        timeouts = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
        # One retry over a new connection, because the old one may lead to a Redis that was stopped. A timeout is not
        # retried, so that no call waits twice.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._redis = redis.Redis.from_url(
            url, retry=retry, max_connections=_AT_ONCE, decode_responses=True, **timeouts
        )

    def run(self, calls: Sequence[Call]) -> list[Any]:
        """Run the scripts in one round trip, and return their answers. Each script may be run twice."""
        with self._turns:
            self._may_ask()
            try:
                try:
                    answers = self._loaded(calls)
                except _ELSEWHERE:
                    self._reconnect()
                    answers = self._loaded(calls)
            except redis.RedisError:
                self._reconnect()  # the error may be of this server only
                self._away_until = time.monotonic() + _AWAY_SECONDS
                raise
            self._away_until = 0.0
            return answers

    def _reconnect(self) -> None:
        self._redis.connection_pool.disconnect(inuse_connections=False)

    def _loaded(self, calls: Sequence[Call]) -> list[Any]:
        try:
            return self._call(calls)
        except redis.exceptions.NoScriptError:  # Redis has restarted since
            for script in {call.script for call in calls}:
                self._redis.script_load(script.text)
            return self._call(calls)

    def close(self) -> None:
        self._redis.close()

    def _may_ask(self) -> None:
        """Let one call per second through while Redis is away, to find out whether it is back. Raises Resting for the
        others."""
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                raise Resting
            if self._away_until:
                self._away_until = now + _AWAY_SECONDS

    def _call(self, calls: Sequence[Call]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for script, keys, arguments in calls:
            pipeline.evalsha(script.sha, len(keys), *keys, *arguments)
        return list(pipeline.execute())
