"""Recent events of rooms in the memory of a process, which save reads from the log. Bounded per room and in total.

The log has all of them. When the total is exceeded, the rooms without recent additions are freed first.
"""

from collections import deque
from collections.abc import Sequence
from itertools import islice
from operator import attrgetter
from sys import getsizeof
from weakref import WeakSet

from django.conf import settings

from chat.eventlog.log import Entry

RING_EVENTS = 256
_HELD_EVENTS = 2_048
_ROOM_BYTES = 1_000_000
# What an entry takes besides its text.
_ENTRY_BYTES = 150


class Memory:
    """The memory bound of a process: REALTIME_MEMORY_MAX_BYTES for all rooms.

    `added` counts additions; a part's `used` is the count at its last addition.
    """

    def __init__(self) -> None:
        self.maximum = settings.REALTIME_MEMORY_MAX_BYTES
        self.parts: WeakSet[_Part] = WeakSet()
        self.bytes = self.added = 0

    def relieve(self) -> None:
        """Free an eighth at once, so that the parts are sorted once for many events."""
        for part in sorted(self.parts, key=attrgetter("used")):
            part.clear()
            if self.bytes <= self.maximum * 7 // 8:
                return


class _Part:
    """The events in memory of one room, with their bytes, and the count at the last addition."""

    __slots__ = ("__weakref__", "_memory", "bytes", "used")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.bytes = self.used = 0
        memory.parts.add(self)

    def _grow(self, size: int) -> None:
        memory = self._memory
        self.bytes += size
        memory.bytes += size
        self.used = memory.added = memory.added + 1
        if memory.bytes > memory.maximum:
            memory.relieve()

    def _shrink(self, size: int) -> None:
        self.bytes -= size
        self._memory.bytes -= size

    def clear(self) -> None:
        raise NotImplementedError


class Ring(_Part):
    """A room's last events, in order and without a hole."""

    __slots__ = ("_entries",)

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self._entries: deque[Entry] = deque()

    def clear(self) -> None:
        self._entries.clear()
        self._shrink(self.bytes)

    def append(self, entry: Entry) -> None:
        entries, size = self._entries, getsizeof(entry.payload) + _ENTRY_BYTES
        entries.append(entry)
        while len(entries) > RING_EVENTS or self.bytes + size > _ROOM_BYTES:
            size -= getsizeof(entries.popleft().payload) + _ENTRY_BYTES
            if not entries:
                break
        self._grow(size)

    def extend_back(self, entries: Sequence[Entry], head: int) -> None:
        """Remember older entries, of a room that stands at `head`: those that lead up to what is remembered."""
        oldest = self._entries[0].seq if self._entries else head + 1
        grown = 0
        for entry in reversed(entries):
            size = getsizeof(entry.payload) + _ENTRY_BYTES
            if len(self._entries) >= RING_EVENTS or self.bytes + grown + size > _ROOM_BYTES:
                break
            if entry.seq == oldest - 1:
                self._entries.appendleft(entry)
                grown += size
                oldest = entry.seq
        self._grow(grown)

    def between(self, after: int, last: int) -> list[Entry] | None:
        """The entries past `after` up to `last`, if all of them are remembered."""
        if not self._entries or after < self._entries[0].seq - 1:
            return None
        first = self._entries[0].seq
        return list(islice(self._entries, after + 1 - first, last + 1 - first))


class Held(_Part):
    """Events that can't be delivered before others have come."""

    __slots__ = ("payloads",)

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory)
        self.payloads: dict[int, str] = {}

    def clear(self) -> None:
        self.payloads.clear()
        self._shrink(self.bytes)

    def put(self, seq: int, payload: str) -> None:
        """To a bound."""
        if seq not in self.payloads and len(self.payloads) < _HELD_EVENTS and self.bytes < _ROOM_BYTES:
            self.payloads[seq] = payload
            self._grow(getsizeof(payload) + _ENTRY_BYTES)

    def pop(self, seq: int) -> str | None:
        payload = self.payloads.pop(seq, None)
        if payload is not None:
            self._shrink(getsizeof(payload) + _ENTRY_BYTES)
        return payload
