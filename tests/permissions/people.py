"""People with tokens, made by direct rows: a login costs what Argon2 costs."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils import timezone

from accounts import secret
from accounts.models import Device, User
from tests.client import PASSWORD


@dataclass(frozen=True)
class Person:
    row: User
    token: str
    refresh: str
    device: str

    @property
    def id(self) -> str:
        return str(self.row.id)


NOBODY = Person(User(username="nobody"), "", "", "")


@cache
def _password() -> str:
    hasher = Argon2PasswordHasher()
    return hasher.encode(PASSWORD, hasher.salt())


def join(alias: str, name: str) -> Person:
    """A new user on one device."""
    user = User(username=f"{name}-{secrets.token_hex(4)}", password=_password())
    user.save(using=alias, force_insert=True)
    token, refresh = secret.mint(secret.ACCESS), secret.mint_refresh()
    now = timezone.now()
    device = Device(
        user=user,
        access_digest=secret.digest(token),
        access_expires_at=now + timedelta(days=1),
        refresh_family_digest=secret.digest(secret.family_of(refresh)),
        refresh_digest=secret.digest(refresh),
        refresh_expires_at=now + timedelta(days=1),
        last_used_at=now,
    )
    device.save(using=alias, force_insert=True)
    return Person(user, token, refresh, str(device.id))
