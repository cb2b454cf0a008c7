"""Recently revoked devices, for connections that were being opened, or authenticated anew, at the announcement."""

import time
from collections.abc import Callable, Iterable
from uuid import UUID

# Longer than a connection takes from the look-up of its token until it is registered.
_SECONDS = 60.0


class Revoked:
    """A set of devices, each kept for a while."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Each device with the end of its time, in order of that time.
        self._until: dict[UUID, float] = {}

    def __contains__(self, device_id: UUID) -> bool:
        return self._until.get(device_id, 0.0) > self._clock()

    def __len__(self) -> int:
        return len(self._until)

    def add(self, device_ids: Iterable[UUID]) -> None:
        now = self._clock()
        for device_id in device_ids:
            self._until.pop(device_id, None)
            self._until[device_id] = now + _SECONDS
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._until and self._until[first := next(iter(self._until))] <= now:
            del self._until[first]
