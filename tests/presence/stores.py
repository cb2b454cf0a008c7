"""Both stores, with a time that a test can let pass."""

import os
import secrets

import redis

from chat.presence.memory_store import Memory
from chat.presence.redis_store import Shared


class InMemory(Memory):
    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0
        super().__init__(lambda: self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    def held(self) -> list[str]:
        return [*self._rooms, *self._version, *self._leases, *self._serials, *self._said]

    def close(self) -> None:
        pass


class InRedis(Shared):
    """Redis has a clock of its own: what is in it becomes so much older instead."""

    def __init__(self, url: str | None = None, prefix: str | None = None) -> None:
        self.url, self.prefix = url or os.environ["REDIS_URL"], prefix or f"test-{secrets.token_hex(8)}"
        super().__init__(self.url, self.prefix)
        self.client = redis.Redis.from_url(self.url, decode_responses=True)

    def advance(self, seconds: float) -> None:
        base = f"{self.prefix}:presence:"
        for worker in self.client.zrange(base + "workers", 0, -1):
            self.client.zincrby(base + "workers", -seconds * 1_000, worker)
        if self.client.exists(base + "born"):
            self.client.decrby(base + "born", int(seconds * 1_000))

    def held(self) -> list[str]:
        """But for what says since when Redis is as it is, and how often it changed."""
        keys = {key.split(":", 2)[2] for key in self.client.scan_iter(f"{self.prefix}:*")}
        return sorted(keys - {"born", "changes"})

    def close(self) -> None:
        if keys := list(self.client.scan_iter(f"{self.prefix}:*")):
            self.client.delete(*keys)
        self.client.close()
        self._scripts.close()


STORES = [InMemory, InRedis]
