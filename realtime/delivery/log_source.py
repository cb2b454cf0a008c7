"""The hub's reads from the database, as coroutines."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from chat import permissions
from chat.eventlog import log
from chat.eventlog.log import Entry, Head
from realtime.concurrency.threads import in_thread


class Source(Protocol):
    """The reads. Each raises while the database is unavailable."""

    async def read(self, *, room_id: UUID, after: int, limit: int) -> list[Entry]:
        """See `chat.eventlog.log.read`."""

    async def heads(self, room_ids: Collection[UUID], stood: Mapping[UUID, Head]) -> dict[UUID, Head]:
        """See `chat.eventlog.log.heads`."""

    async def readers(self, *, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
        """See `chat.permissions.list_readers`."""


class Database:
    """Reads from the database. Unit tests read from a list instead."""

    async def read(self, *, room_id: UUID, after: int, limit: int) -> list[Entry]:
        return await in_thread(log.read, room_id=room_id, after=after, limit=limit)

    async def heads(self, room_ids: Collection[UUID], stood: Mapping[UUID, Head]) -> dict[UUID, Head]:
        return await in_thread(log.heads, room_ids, stood)

    async def readers(self, *, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
        return await in_thread(permissions.list_readers, room_id=room_id, user_ids=user_ids)
