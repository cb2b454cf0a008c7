"""Devices: signing in on a device, refreshing its tokens, and signing it out."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts import credentials, revocation, secret, sessions
from accounts.errors import EmailNotVerified, InvalidCredentials, SecondFactorRequired, Unauthenticated
from accounts.models import Device, User
from core.errors import NotFound

# A device that was signed out, or whose refresh token expired, this long ago is deleted at the user's next login.
_FORGOTTEN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Grant:
    """The result of a login or a refresh: the only time that these secrets exist in clear text."""

    access_token: str
    expires_at: datetime
    refresh_token: str
    user: User
    device_id: UUID


def login(*, username: str, password: str, name: str = "", platform: str = "", address: str | None = None) -> Grant:
    """Sign in on a new device, by user name or verified e-mail address. Raises InvalidCredentials, after the same time
    for every cause; EmailNotVerified, SecondFactorRequired or RateLimited."""
    user = credentials.check(name=username, password=password, address=address)
    if settings.EMAIL_REQUIRED and not user.email:
        raise EmailNotVerified
    if settings.SECOND_FACTOR and import_string(settings.SECOND_FACTOR)(user):
        raise SecondFactorRequired
    return grant(user=user, name=name, platform=platform, address=address)


@transaction.atomic
def grant(*, user: User, name: str = "", platform: str = "", address: str | None = None) -> Grant:
    """Create a device for a user who has proved their identity. Above DEVICES_MAX, the least recently used devices are
    revoked. Raises InvalidCredentials if the password was changed, or the user deactivated, since the proof."""
    if not credentials.hold(user):
        raise InvalidCredentials
    _tidy(user)
    first = secret.mint_refresh()
    device = Device(user=user, name=name, platform=platform, address=address or None)
    device.refresh_family_digest = secret.digest(secret.family_of(first))
    granted = _rotate(device, first)
    device.save(force_insert=True)
    return granted


def _tidy(user: User) -> None:
    long_ago = timezone.now() - _FORGOTTEN
    Device.objects.filter(user=user, revoked_at__lt=long_ago).delete()
    Device.objects.filter(user=user, refresh_expires_at__lt=long_ago).delete()
    surplus = list(_live(user.id).order_by("-last_used_at").values_list("id", flat=True)[settings.DEVICES_MAX - 1 :])
    _revoke(surplus)


def refresh(*, refresh_token: str) -> Grant:
    """Exchange a refresh token for new tokens. Until one of the new tokens is first used, the exchange may be repeated
    at any time and returns the same tokens, because the response may have been lost. After that, a repetition revokes
    the device: two clients hold the token, and one of them is not the owner's. Raises Unauthenticated."""
    renewed = _refresh(refresh_token)
    if renewed is None:
        raise Unauthenticated
    return renewed


@transaction.atomic
def _refresh(refresh_token: str) -> Grant | None:
    family = secret.digest(secret.family_of(refresh_token))
    devices = Device.objects.select_for_update(of=("self",)).select_related("user")
    device = devices.filter(refresh_family_digest=family).first()
    now = timezone.now()
    if device is None or device.revoked_at or not device.user.is_active or device.refresh_expires_at <= now:
        return None
    digest = secret.digest(refresh_token)
    if hmac.compare_digest(device.refresh_digest, digest):
        device.previous_digest, device.rotated_at = digest, now
    elif device.rotated_at is None or not hmac.compare_digest(device.previous_digest, digest):
        _revoke([device.id])
        return None
    renewed = _rotate(device, refresh_token)
    device.save()
    return renewed


def _rotate(device: Device, refresh_token: str) -> Grant:
    """Give the device the tokens that follow from `refresh_token`, with lifetimes that begin now. A repetition gives
    the same tokens unless SECRET_KEY has changed. The caller saves the device."""
    now = timezone.now()
    access, following = secret.successor(refresh_token)
    device.access_digest, device.refresh_digest = secret.digest(access), secret.digest(following)
    device.access_expires_at = now + settings.ACCESS_TOKEN_LIFETIME
    device.refresh_expires_at = now + settings.REFRESH_TOKEN_LIFETIME
    device.last_used_at = now
    return _granted(device, access, following)


def _granted(device: Device, access: str, refresh: str) -> Grant:
    return Grant(access, device.access_expires_at, refresh, device.user, device.id)


def list_devices(*, user_id: UUID) -> Sequence[Device]:
    """Return the devices on which a user is signed in, most recently used first."""
    return list(_live(user_id).order_by("-last_used_at"))


def logout(*, device_id: UUID) -> None:
    """Revoke the device's tokens and tickets, and close its sockets. Signing out twice is no error."""
    with transaction.atomic():
        _revoke([device_id])


def revoke(*, user_id: UUID, device_id: UUID) -> None:
    """Sign out one of the user's own devices. Raises NotFound."""
    with transaction.atomic():
        if not _live(user_id).filter(id=device_id).exists():
            raise NotFound
        _revoke([device_id])


def revoke_all(*, user_id: UUID, but: UUID | None = None) -> None:
    """Sign out all devices of a user except `but`, and end the user's browser sessions."""
    with transaction.atomic():
        signed_in = Device.objects.filter(user_id=user_id, revoked_at=None).values_list("id", flat=True)
        _revoke([device_id for device_id in signed_in if device_id != but])
        sessions.end_all(user_id=user_id)


def _live(user_id: UUID) -> QuerySet[Device]:
    return Device.objects.filter(user_id=user_id, revoked_at=None, refresh_expires_at__gt=timezone.now())


def _revoke(device_ids: Sequence[UUID]) -> None:
    Device.objects.filter(id__in=device_ids, revoked_at=None).update(revoked_at=timezone.now())
    revocation.announce(device_ids)
