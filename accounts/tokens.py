"""Access tokens, which authenticate requests and sockets."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import secret
from accounts.errors import Unauthenticated
from accounts.models import Device


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated user on one of their devices, or in a browser session, until `expires_at`.

    For a browser session (accounts/sessions.py), `session` is the key of its row, and `device_id` is an id that no
    device has.
    """

    user_id: UUID
    username: str
    device_id: UUID
    expires_at: datetime
    session: str = ""

    # DRF's permission IsAuthenticated reads this attribute.
    is_authenticated = True


def authenticate(token: str) -> Identity:
    """Return the identity of an access token, by one indexed query (and an update at the token's first use). Raises
    Unauthenticated."""
    identity = identities([token]).get(token)
    if identity is None:
        raise Unauthenticated
    return identity


# The columns that make up an identity: reading whole rows of both tables would cost three times as much.
CARRIED = ("user_id", "user__username", "id", "access_expires_at", "revoked_at", "user__is_active")


def identities(tokens: Iterable[str]) -> dict[str, Identity]:
    """Return the identities of access tokens, by one query. A token that is not valid is missing in the result. The
    first use of a token is recorded by a second statement: it ends the time in which the refresh that issued the token
    may be repeated."""
    digests = {secret.digest(token): token for token in tokens if secret.is_access(token)}
    if not digests:
        return {}
    rows = Device.objects.filter(access_digest__in=digests).values_list("access_digest", "rotated_at", *CARRIED)
    found = [(digest, rotated_at, carried(*device)) for digest, rotated_at, *device in rows]
    _record_first_use([digest for digest, rotated_at, identity in found if rotated_at and identity])
    return {digests[digest]: identity for digest, _, identity in found if identity}


def _record_first_use(digests: Sequence[str]) -> None:
    """Clear `rotated_at` of the devices with these access tokens. A row that another transaction has locked is skipped,
    so that this never waits or deadlocks; the token's next use is recorded instead."""
    if not digests:
        return
    with transaction.atomic():
        free = Device.objects.select_for_update(skip_locked=True, no_key=True).filter(access_digest__in=digests)
        Device.objects.filter(id__in=free.values("id")).update(rotated_at=None)


def carried(
    user_id: UUID, username: str, device_id: UUID, expires_at: datetime, revoked_at: datetime | None, is_active: bool
) -> Identity | None:
    """Return the identity of a device's current access token; None if the token is not valid. The arguments are the
    values of `CARRIED`."""
    if revoked_at or not is_active or expires_at <= timezone.now():
        return None
    return Identity(user_id, username, device_id, expires_at)


def dead(device_ids: Collection[UUID]) -> set[UUID]:
    """Return those of the devices that are signed out, or whose user may no longer sign in. Makes one query."""
    alive = Device.objects.filter(id__in=device_ids, revoked_at=None, user__is_active=True)
    return set(device_ids) - set(alive.values_list("id", flat=True))
