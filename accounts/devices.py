"""Devices: signing in on one, keeping it signed in, signing it out."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from accounts import secret
from accounts.errors import InvalidCredentials, Unauthenticated
from accounts.models import Device, User


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login or a refresh hands out, the only time these secrets exist in the clear."""

    access_token: str
    expires_at: datetime
    refresh_token: str
    user: User


def login(*, username: str, password: str, name: str = "", address: str | None = None) -> Grant:
    """Sign in on a new device. Raises InvalidCredentials, after the same time whatever was wrong."""
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        raise InvalidCredentials
    device = Device(user=user, name=name, address=address)
    grant = _rotate(device, secret.mint_refresh())
    device.save(force_insert=True)
    return grant


def refresh(*, refresh_token: str) -> Grant:
    """New tokens for old. A refresh token works once; a second use revokes its device, since one of the two
    users is not its owner. Raises Unauthenticated."""
    grant = _refresh(refresh_token)
    if grant is None:
        raise Unauthenticated
    return grant


@transaction.atomic
def _refresh(refresh_token: str) -> Grant | None:
    family = secret.family_of(refresh_token)
    devices = Device.objects.select_for_update(of=("self",)).select_related("user")
    device = devices.filter(refresh_family_digest=secret.digest(family)).first()
    if device is None or device.revoked_at or not device.user.is_active:
        return None
    if not hmac.compare_digest(device.refresh_digest, secret.digest(refresh_token)):
        logout(device_id=device.id)
        return None
    if device.refresh_expires_at <= timezone.now():
        return None
    grant = _rotate(device, secret.mint_refresh(family))
    device.save()
    return grant


def logout(*, device_id: UUID) -> None:
    """Its tokens and tickets work no more. Signing out twice is no error."""
    Device.objects.filter(id=device_id, revoked_at=None).update(revoked_at=timezone.now())


def _rotate(device: Device, refresh_token: str) -> Grant:
    now = timezone.now()
    grant = Grant(secret.mint(secret.ACCESS), now + settings.ACCESS_TOKEN_LIFETIME, refresh_token, device.user)
    device.access_digest = secret.digest(grant.access_token)
    device.access_expires_at = grant.expires_at
    device.refresh_family_digest = secret.digest(secret.family_of(refresh_token))
    device.refresh_digest = secret.digest(refresh_token)
    device.refresh_expires_at = now + settings.REFRESH_TOKEN_LIFETIME
    device.last_used_at = now
    return grant
