"""Access tokens: how a request or a socket proves whose it is. Both skins call `authenticate`."""

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
    if not token.startswith(secret.ACCESS):
        raise Unauthenticated
    device = Device.objects.select_related("user").filter(access_digest=secret.digest(token)).first()
    if device is None:
        raise Unauthenticated
    return identify(device)


def identify(device: Device) -> Identity:
    """The identity a device's current access token carries. Raises Unauthenticated when it carries none."""
    if device.revoked_at or not device.user.is_active or device.access_expires_at <= timezone.now():
        raise Unauthenticated
    return Identity(device.user_id, device.user.username, device.id, device.access_expires_at)
