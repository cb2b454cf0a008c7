"""Access tokens: how a request or a socket proves whose it is. Both skins call `authenticate`."""

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
    """Somebody, on one of their devices, until `expires_at`; or in a browser's session (accounts/sessions.py), whose
    row is `session` and whose `device_id` no device has."""

    user_id: UUID
    username: str
    device_id: UUID
    expires_at: datetime
    session: str = ""

    # DRF's IsAuthenticated asks its user this.
    is_authenticated = True


def authenticate(token: str) -> Identity:
    """Whose access token this is, by one indexed query (and an update at its first use). Raises Unauthenticated."""
    identity = identities([token]).get(token)
    if identity is None:
        raise Unauthenticated
    return identity


# What an identity is made of, of a device: whole rows of two tables would cost three times as much to read.
CARRIED = ("user_id", "user__username", "id", "access_expires_at", "revoked_at", "user__is_active")


def identities(tokens: Iterable[str]) -> dict[str, Identity]:
    """Whose access tokens these are, by one query; those that are nobody's are missing. The first use of an access
    token is recorded by a second statement, since it ends the repetition of the refresh that issued it."""
    digests = {secret.digest(token): token for token in tokens if secret.is_access(token)}
    if not digests:
        return {}
    rows = Device.objects.filter(access_digest__in=digests).values_list("access_digest", "rotated_at", *CARRIED)
    found = [(digest, rotated_at, carried(*device)) for digest, rotated_at, *device in rows]
    _record_first_use([digest for digest, rotated_at, identity in found if rotated_at and identity])
    return {digests[digest]: identity for digest, _, identity in found if identity}


def _record_first_use(digests: Sequence[str]) -> None:
    """Clear `rotated_at` of the devices with these access tokens. A row that another transaction has locked is
    skipped, so that this never waits or deadlocks: its next use is recorded instead."""
    if not digests:
        return
    with transaction.atomic():
        free = Device.objects.select_for_update(skip_locked=True, no_key=True).filter(access_digest__in=digests)
        Device.objects.filter(id__in=free.values("id")).update(rotated_at=None)


def carried(
    user_id: UUID, username: str, device_id: UUID, expires_at: datetime, revoked_at: datetime | None, is_active: bool
) -> Identity | None:
    """The identity that a device's current access token carries, if it carries one. The values are of `CARRIED`."""
    if revoked_at or not is_active or expires_at <= timezone.now():
        return None
    return Identity(user_id, username, device_id, expires_at)


def dead(device_ids: Collection[UUID]) -> set[UUID]:
    """Those of these devices that are signed out, or whose user may sign in no more. One query."""
    alive = Device.objects.filter(id__in=device_ids, revoked_at=None, user__is_active=True)
    return set(device_ids) - set(alive.values_list("id", flat=True))
