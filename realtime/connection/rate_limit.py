"""How many commands one connection may send: a rate, counted where the connection is."""

import time


class Allowance:
    """`at_once`, or spread at `per_second` (the generic cell rate algorithm: one number to keep)."""

    __slots__ = ("_full_at",)

    def __init__(self) -> None:
        self._full_at = 0.0

    def take(self, per_second: float, at_once: int) -> float:
        """Take one: 0; or take none, and the seconds to wait."""
        now = time.monotonic()
        full_at = max(self._full_at, now) + 1 / per_second
        wait = full_at - now - at_once / per_second
        if wait > 1e-9:
            return wait
        self._full_at = full_at
        return 0.0
