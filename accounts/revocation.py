"""Announcements of revoked credentials to every process, which closes the sockets that were opened with them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from core.announcer import Announcement, announcer

# The type of the message, and the group that every process joins.
ANNOUNCEMENT = "accounts.revoked"
GROUP = "accounts"

_MOST = 500


def announce(device_ids: Collection[UUID]) -> None:
    """Announce, once the transaction has committed, that these devices are signed out. A browser session is announced
    by the `device_id` of its row."""
    if device_ids:
        revoked = Revoked([str(device_id) for device_id in device_ids])
        transaction.on_commit(lambda: announcer.put(revoked), robust=True)


class Revoked:
    group = GROUP

    def __init__(self, devices: list[str]) -> None:
        self.devices = devices

    @property
    def facts(self) -> int:
        return len(self.devices)

    @property
    def characters(self) -> int:
        return 36 * self.facts

    def message(self) -> dict[str, Any]:
        return {"type": ANNOUNCEMENT, "devices": self.devices}

    def absorb(self, later: Announcement) -> bool:
        if not isinstance(later, Revoked) or self.facts + later.facts > _MOST:
            return False
        self.devices = self.devices + later.devices  # a new list: listeners have received the old one
        return True
