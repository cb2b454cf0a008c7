"""Access tokens: how a request or a socket proves whose it is. Both skins call `authenticate`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from accounts import secret
from accounts.errors import Unauthenticated
from accounts.models import Device


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, on one of their devices, until `expires_at`."""

    user_id: UUID
    username: str
    device_id: UUID
    expires_at: datetime

    # DRF's IsAuthenticated asks its user this.
    is_authenticated = True


def authenticate(token: str) -> Identity:
    """Whose access token this is, by one indexed query. Raises Unauthenticated."""
    identity = identities([token]).get(token)
    if identity is None:
        raise Unauthenticated
    return identity


def identities(tokens: Iterable[str]) -> dict[str, Identity]:
    """Whose access tokens these are, by one query; those that are nobody's are missing."""
    digests = {secret.digest(token): token for token in tokens if token.startswith(secret.ACCESS)}
    if not digests:
        return {}
    found: dict[str, Identity] = {}
    for device in Device.objects.select_related("user").filter(access_digest__in=digests):
        identity = identify(device)
        if identity is not None:
            found[digests[device.access_digest]] = identity
    return found


def identify(device: Device) -> Identity | None:
    """The identity that a device's current access token carries, if it carries one."""
    if device.revoked_at or not device.user.is_active or device.access_expires_at <= timezone.now():
        return None
    return Identity(device.user_id, device.user.username, device.id, device.access_expires_at)
