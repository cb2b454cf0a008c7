"""Questions of many sockets to the domain, in batches: a thousand clients that reconnect need a few queries."""

from collections.abc import Collection
from uuid import UUID

from accounts import admission
from accounts.admission import HandshakeCredentials
from accounts.errors import Unauthenticated
from accounts.tokens import Identity
from chat import permissions
from chat.eventlog import positions as places
from chat.eventlog.log import Head
from chat.eventlog.positions import Place
from core.errors import RoomwireError
from realtime.concurrency.batching import BatchLoader
from realtime.concurrency.threads import in_thread

_CHECKED_AT_ONCE = 500

positions: BatchLoader[tuple[UUID, Collection[UUID]], dict[UUID, Head]] = BatchLoader(permissions.list_positions)

# The places of earlier epochs that the log still continues from.
kept: BatchLoader[Collection[Place], set[Place]] = BatchLoader(places.kept)

_admit: BatchLoader[HandshakeCredentials, Identity | RoomwireError | None] = BatchLoader(admission.admit)


async def admit(handshake: HandshakeCredentials) -> Identity | None:
    """Return whose credentials these are; None without any. Raises Unauthenticated or RateLimited."""
    answer = await _admit(handshake)
    if isinstance(answer, RoomwireError):
        raise answer
    return answer


async def bearer(token: str) -> Identity:
    """Return whose token this is. Raises Unauthenticated."""
    identity = await admit(HandshakeCredentials(None, token))
    if identity is None:
        raise Unauthenticated
    return identity


async def dead(identities: Collection[Identity]) -> set[UUID]:
    """Return the devices of those identities that were revoked."""
    found: set[UUID] = set()
    asked = list(identities)
    for start in range(0, len(asked), _CHECKED_AT_ONCE):
        found |= await in_thread(admission.dead, asked[start : start + _CHECKED_AT_ONCE])
    return found
