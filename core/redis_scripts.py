"""Redis, asked by scripts, each one step whatever else goes on. It may be away: then one call a second waits for it,
and the others hear so at once."""

import hashlib
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

_REDIS_SECONDS = 0.5
# While Redis is away only one call in so many seconds waits for it.
_AWAY_SECONDS = 1.0
# So many of a process ask Redis at once; the others wait for them.
_AT_ONCE = 32


class Resting(redis.ConnectionError):
    """Redis did not answer a moment ago, and is not asked yet."""


# Answers of a server that no longer is what it was when it was connected to: behind an address that stays, a new
# connection leads to another one.
_ELSEWHERE = (redis.exceptions.ReadOnlyError, redis.exceptions.MasterDownError, redis.exceptions.MovedError)


class Script:
    """Lua, which Redis keeps under its digest."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


class Call(NamedTuple):
    """A script with its keys and arguments."""

    script: Script
    keys: Sequence[str]
    arguments: Sequence[str | int]


class Scripts:
    """One Redis. Raises redis.RedisError while it is away: once it was waited for, at once."""

    def __init__(self, url: str) -> None:
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        # Not 0 while Redis is away: until then nobody asks it.
        self._away_until = 0.0
        timeouts = {"socket_timeout": _REDIS_SECONDS, "socket_connect_timeout": _REDIS_SECONDS}
        # Once more over a new connection, for the old one may be to a Redis that was stopped; but it is not waited
        # for twice.
        retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
        self._redis = redis.Redis.from_url(
            url, retry=retry, max_connections=_AT_ONCE, decode_responses=True, **timeouts
        )

    def run(self, calls: Sequence[Call]) -> list[Any]:
        """The answer of each, in one round trip. Each may be carried out twice."""
        with self._turns:
            self._may_ask()
            try:
                try:
                    answers = self._loaded(calls)
                except _ELSEWHERE:
                    self._reconnect()
                    answers = self._loaded(calls)
            except redis.RedisError:
                self._reconnect()  # it may be an answer of this server alone
                self._away_until = time.monotonic() + _AWAY_SECONDS
                raise
            self._away_until = 0.0
            return answers

    def _reconnect(self) -> None:
        self._redis.connection_pool.disconnect(inuse_connections=False)

    def _loaded(self, calls: Sequence[Call]) -> list[Any]:
        try:
            return self._call(calls)
        except redis.exceptions.NoScriptError:  # a Redis that has started since
            for script in {call.script for call in calls}:
                self._redis.script_load(script.text)
            return self._call(calls)

    def close(self) -> None:
        self._redis.close()

    def _may_ask(self) -> None:
        """Once Redis was away, one call finds out whether it is back; meanwhile the others don't wait. Raises
        Resting."""
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
