"""Both stores, with a time that a test can let pass."""

import os
import secrets

import redis

from core.rate_limits.stores import Memory, Shared

# A thousand seconds, so that the few that a test takes on a slow machine are nothing.
UNIT = 1_000_000


class InMemory(Memory):
    exact = True

    def __init__(self) -> None:
        self.seconds = 10_000
        super().__init__(lambda: self.seconds)

    def advance(self, milliseconds: int) -> None:
        self.seconds += milliseconds // 1_000

    def held(self) -> list[str]:
        return list(self._kept)


class InRedis(Shared):
    """Redis has a clock of its own: what is in it becomes so much older instead."""

    exact = False

    def __init__(self, url: str | None = None, prefix: str | None = None) -> None:
        self.url, self.prefix = url or os.environ["REDIS_URL"], prefix or f"test-{secrets.token_hex(8)}"
        super().__init__(self.url, self.prefix)
        self.client = redis.Redis.from_url(self.url, decode_responses=True)

    def held(self) -> list[str]:
        return sorted(self.client.scan_iter(f"{self.prefix}:*"))

    def advance(self, milliseconds: int) -> None:
        for key in self.held():
            left = self.client.pttl(key) - milliseconds
            if left > 0:
                self.client.hincrby(key, "at", -milliseconds)
                self.client.pexpire(key, left)
            else:
                self.client.delete(key)

    def close(self) -> None:
        if keys := self.held():
            self.client.delete(*keys)
        self.client.close()
        self._scripts.close()


def close(store: InMemory | InRedis) -> None:
    if isinstance(store, InRedis):
        store.close()


STORES = [InMemory, InRedis]
