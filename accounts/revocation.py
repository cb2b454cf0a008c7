"""Telling every process which credentials have died, so that the sockets opened with them die as well."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from core.announcer import Announcement, announcer

# The message type that processes listen for, and the group they all join.
ANNOUNCEMENT = "accounts.revoked"
GROUP = "accounts"

_MOST = 500


def announce(device_ids: Collection[UUID]) -> None:
    """These devices, or what stands for them in a session, are signed out: told once the transaction has committed."""
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
        self.devices = self.devices + later.devices  # a new list: the old one was told to listeners
        return True
