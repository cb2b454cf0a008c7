"""What the hub asks the database: the domain's own questions, as coroutines."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from chat import permissions
from chat.eventlog import log
from chat.eventlog.log import Entry, Head
from realtime.concurrency.threads import in_thread


class Source(Protocol):
    """Any of them raises while there is no answer."""

    async def read(self, *, room_id: UUID, after: int, limit: int) -> list[Entry]:
        """`chat.eventlog.log.read`."""

    async def heads(self, room_ids: Collection[UUID], stood: Mapping[UUID, Head]) -> dict[UUID, Head]:
        """`chat.eventlog.log.heads`."""

    async def readers(self, *, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
        """`chat.permissions.readers`."""


class Database:
    """The real one. (In the tests a list stands in.)"""

    async def read(self, *, room_id: UUID, after: int, limit: int) -> list[Entry]:
        return await in_thread(log.read, room_id=room_id, after=after, limit=limit)

    async def heads(self, room_ids: Collection[UUID], stood: Mapping[UUID, Head]) -> dict[UUID, Head]:
        return await in_thread(log.heads, room_ids, stood)

    async def readers(self, *, room_id: UUID, user_ids: Collection[UUID]) -> set[UUID]:
        return await in_thread(permissions.list_readers, room_id=room_id, user_ids=user_ids)
