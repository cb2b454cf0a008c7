"""Connections that only remember what was done to them, and a time that passes when a test lets it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.test import override_settings

from accounts import revocation
from accounts.tokens import Identity
from realtime.connection.registry import Connections

START = datetime(2030, 1, 1, tzinfo=UTC)
RECHECK = 30
EXPIRING = 60
LONG = 1_000_000.0
settings = override_settings(REALTIME_RECHECK_SECONDS=RECHECK, REALTIME_EXPIRING_SECONDS=EXPIRING)


def now() -> datetime:
    return START + timedelta(seconds=asyncio.get_running_loop().time())


def identity(lives: float = LONG, user_id: UUID | None = None, device_id: UUID | None = None) -> Identity:
    return Identity(user_id or uuid4(), "alice", device_id or uuid4(), now() + timedelta(seconds=lives))


@dataclass(eq=False)
class Guest:
    identity: Identity
    warned: Identity | None = None
    frames: list[str] = field(default_factory=list)
    # When, and with what.
    closed: list[tuple[float, int]] = field(default_factory=list)

    @property
    def user_id(self) -> UUID:
        return self.identity.user_id

    def tell(self, frame: str) -> None:
        self.frames.append(frame)

    async def close(self, code: int) -> None:
        self.closed.append((asyncio.get_running_loop().time(), int(code)))


class Room:
    """Connections, and the database that they ask: which devices are `dead`, and whether it is `away`."""

    def __init__(self):
        self.dead: set[UUID] = set()
        self.away = False
        # How many were asked after, and when.
        self.asked: list[tuple[float, int]] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.connections = Connections(self._dead, now, asyncio.get_running_loop().time)

    async def _dead(self, identities) -> set[UUID]:
        self.asked.append((asyncio.get_running_loop().time(), len(identities)))
        if self.away:
            raise OSError("the database is away")
        found = {each.device_id for each in identities} & self.dead
        await self.answers.wait()
        return found

    def guest(self, lives: float = LONG, **whose: UUID) -> Guest:
        guest = Guest(identity(lives, **whose))
        self.connections.add(guest)
        return guest

    def revoke(self, *guests: Guest) -> None:
        devices = [str(guest.identity.device_id) for guest in guests]
        self.connections.hear({"type": revocation.ANNOUNCEMENT, "devices": devices})
