"""Announcements of new events: which consecutive events a room's log has gained.

They are hints: hubs read what they missed from the log (realtime/delivery/recovery.py).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from core.announcer import Announcement, announcer

# The type of message that hubs receive.
ANNOUNCEMENT = "room.events"

_EVENTS = 256
_CHARACTERS = 512_000


def group(room_id: UUID) -> str:
    return f"room.{room_id.hex}"


def announce(*, room_id: UUID, epoch: UUID, first: int, payloads: Sequence[str]) -> None:
    """Announce consecutive events once the current transaction has committed; never, if it rolls back."""
    events = Appended(room_id, epoch, first, payloads)
    transaction.on_commit(events.put, robust=True)


class Appended:
    """Consecutive events of one room."""

    __slots__ = ("characters", "epoch", "first", "payloads", "room_id")

    def __init__(self, room_id: UUID, epoch: UUID, first: int, payloads: Sequence[str]) -> None:
        self.room_id, self.epoch, self.first, self.payloads = room_id, epoch, first, payloads
        self.characters = sum(map(len, payloads))

    def put(self) -> None:
        """Hand the events to the announcer, in pieces that fit into a message of the channel layer."""
        for piece in self._pieces():
            announcer.put(piece)

    def _pieces(self) -> "list[Appended]":
        if self.facts <= _EVENTS and self.characters <= _CHARACTERS:
            return [self]
        pieces: list[list[str]] = [[]]
        characters = 0
        for payload in self.payloads:
            characters += len(payload)
            if pieces[-1] and (len(pieces[-1]) == _EVENTS or characters > _CHARACTERS):
                pieces.append([])
                characters = len(payload)
            pieces[-1].append(payload)
        first, cut = self.first, []
        for piece in pieces:
            cut.append(Appended(self.room_id, self.epoch, first, piece))
            first += len(piece)
        return cut

    @property
    def group(self) -> str:
        return group(self.room_id)

    @property
    def facts(self) -> int:
        return len(self.payloads)

    def message(self) -> dict[str, Any]:
        return {
            "type": ANNOUNCEMENT,
            "room": str(self.room_id),
            "epoch": str(self.epoch),
            "seq": self.first,
            "payloads": self.payloads,
        }

    def absorb(self, later: Announcement) -> bool:
        if not isinstance(later, Appended):
            return False
        fits = self.facts + later.facts <= _EVENTS and self.characters + later.characters <= _CHARACTERS
        if not fits or later.epoch != self.epoch or later.first != self.first + self.facts:
            return False
        self.payloads = [*self.payloads, *later.payloads]  # a new list: listeners hold the old one
        self.characters += later.characters
        return True
