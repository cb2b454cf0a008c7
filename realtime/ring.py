"""What a process remembers of its rooms' events, so that it need not read them again: bounded by room, and in all.

All of it is in the log as well. When too much is remembered, what was added to longest ago is forgotten first.
"""

import sys
from collections import OrderedDict, deque
from collections.abc import Sequence
from itertools import islice

from django.conf import settings

from chat.log import Entry

RING_EVENTS = 256
_HELD_EVENTS = 2_048
_ROOM_BYTES = 1_000_000
# What an entry takes besides its text.
_ENTRY_BYTES = 150


def _size(payload: str) -> int:
    return sys.getsizeof(payload) + _ENTRY_BYTES


class Memory:
    """The bound of a process: REALTIME_MEMORY_MAX_BYTES in all rings and of all that is held."""

    def __init__(self) -> None:
        self._maximum = settings.REALTIME_MEMORY_MAX_BYTES
        self._parts: OrderedDict[_Part, None] = OrderedDict()
        self.bytes = 0

    def grew(self, part: "_Part", size: int) -> None:
        self.bytes += size
        self._parts[part] = None
        self._parts.move_to_end(part)
        while self.bytes > self._maximum and self._parts:
            next(iter(self._parts)).clear()

    def shrank(self, part: "_Part", size: int) -> None:
        self.bytes -= size
        if not part.bytes:
            self._parts.pop(part, None)


class _Part:
    """What is remembered of one room, with the bytes that it takes."""

    __slots__ = ("_memory", "bytes")

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.bytes = 0

    def _grow(self, size: int) -> None:
        self.bytes += size
        self._memory.grew(self, size)

    def _shrink(self, size: int) -> None:
        self.bytes -= size
        self._memory.shrank(self, size)

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
        self._entries.append(entry)
        self._grow(_size(entry.payload))
        while len(self._entries) > RING_EVENTS or self.bytes > _ROOM_BYTES:
            self._shrink(_size(self._entries.popleft().payload))

    def extend_back(self, entries: Sequence[Entry], head: int) -> None:
        """Remember older entries, of a room that stands at `head`: those that lead up to what is remembered."""
        oldest = self._entries[0].seq if self._entries else head + 1
        grown = 0
        for entry in reversed(entries):
            size = _size(entry.payload)
            if len(self._entries) >= RING_EVENTS or self.bytes + grown + size > _ROOM_BYTES:
                break
            if entry.seq == oldest - 1:
                self._entries.appendleft(entry)
                grown += size
                oldest = entry.seq
        if grown:
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
            self._grow(_size(payload))

    def pop(self, seq: int) -> str | None:
        payload = self.payloads.pop(seq, None)
        if payload is not None:
            self._shrink(_size(payload))
        return payload
