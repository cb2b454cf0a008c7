"""Users, their devices (one per login, with digests of its tokens), single-use tickets, e-mailed codes, idempotency
keys and browser sessions."""

import hashlib
from typing import Any, ClassVar
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Lower

from core import ids
from core.invisible_characters import validate_visible

# No "@", so that a user name is never mistaken for an e-mail address.
_USERNAME = RegexValidator(r"\A[\w.+-]+\Z", "Use letters, digits, and any of . + - _")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str, *, email: str = "", **fields: Any) -> "User":
        name = self.model.normalize_username(username)
        user = self.model(username=name, email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, username: str, password: str, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the user with this user name or e-mail address. Both are unique and are found regardless of case:
        there is no user Alice beside a user alice."""
        column = "email" if "@" in (username or "") else "username"
        return self.alias(wanted=Lower(column)).get(wanted=Lower(Value(username or "")))


class User(AbstractBaseUser, PermissionsMixin):
    """A person or program with an account. `email` is verified and unique; `pending_email` is only claimed, and several
    users may claim the same."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    username = models.CharField(max_length=64, validators=[_USERNAME, validate_visible])
    email = models.EmailField(blank=True)
    pending_email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # `erasing_at` is set during the erasure of the user's data (chat/privacy/erasure.py), `erased_at` after it.
    erasing_at = models.DateTimeField(null=True, editable=False, db_index=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_unique"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_unique"),
        ]

    def __str__(self) -> str:
        return self.username


class Device(models.Model):
    """One login. Its secrets are stored only as SHA-256 digests, in hexadecimal.

    `refresh_family_digest` is of the part of the refresh token that stays the same while it rotates: it distinguishes a
    token that was used before, however long ago, from one that was never issued. `previous_digest` is of the refresh
    token that was exchanged at `rotated_at` for the current tokens. `rotated_at` is cleared when one of the current
    tokens is first used: from then on the previous token is refused.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    name = models.CharField(max_length=100, blank=True)
    platform = models.CharField(max_length=32, blank=True)
    address = models.GenericIPAddressField(null=True)
    access_digest = models.CharField(max_length=64, unique=True)
    access_expires_at = models.DateTimeField()
    refresh_family_digest = models.CharField(max_length=64, unique=True)
    refresh_digest = models.CharField(max_length=64)
    refresh_expires_at = models.DateTimeField()
    previous_digest = models.CharField(max_length=64, blank=True)
    rotated_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name or 'unnamed device'} of {self.user}"


class Ticket(models.Model):
    """The right to open one socket for a device, once, within a minute. Redeeming a ticket deletes its row."""

    digest = models.CharField(primary_key=True, max_length=64)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tickets")
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ticket for {self.device}"


class Code(models.Model):
    """A code that proves, within CODE_LIFETIME, that its user reads the mail to `address`. Only the latest one is
    valid."""

    class Purpose(models.TextChoices):
        VERIFY = "verify"
        RESET = "reset"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="codes")
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    address = models.EmailField()
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "purpose"], name="code_unique")]

    def __str__(self) -> str:
        return f"{self.purpose} code of {self.user}"


class IdempotencyKey(models.Model):
    """A key that a user has sent with a request, and the stored answer (accounts/idempotency.py). `digest` is of the
    user, the operation and the key; `status` is null only inside the transaction that carries the request out; `body`
    is encrypted with the key."""

    digest = models.CharField(primary_key=True, max_length=64)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    request_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(default=b"")
    used_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"idempotency key of {self.user or 'no user'}"


class _Digest(str):
    """A digest of a session key, as the column stores it."""


class _DigestedKey(models.CharField):  # type: ignore[type-arg]  # generic only in its stubs
    """A column that stores the digest of its value, so that queries and saves use the key in the cookie."""

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, _Digest) else Session.digest(value)

    def from_db_value(self, value: Any, *args: Any) -> Any:
        return value if value is None else _Digest(value)


class Session(AbstractBaseSession):
    """A Django session of a browser (accounts/sessions.py)."""

    session_key = _DigestedKey(primary_key=True, max_length=40)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"session of {self.user or 'no user'}"

    @staticmethod
    def digest(key: str) -> _Digest:
        """Return 160 bits of the SHA-256 digest of a session key."""
        return _Digest(hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:40])

    @property
    def device_id(self) -> UUID:
        """Return the id that represents the session where a device's id is expected. Requires a row that was read."""
        return UUID(hex=self.session_key[:32])
