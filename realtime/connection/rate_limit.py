"""The rate limit of one connection's commands, counted in its process."""

import time


class Allowance:
    """A rate limit by the generic cell rate algorithm, which keeps one number."""

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = 0.0

    def take(self, per_second: float, at_once: int) -> float:
        """Take one of `per_second` with bursts of `at_once`. Return 0, or the seconds to wait if none was left."""
        now = time.monotonic()
        full_at = max(self._full_at, now) + 1 / per_second
        wait = full_at - now - at_once / per_second
        if wait > 1e-9:
            return wait
        self._full_at = full_at
        return 0.0
