"""Users, their devices (one per login, holding digests of its tokens) and single-use tickets."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower

from accounts import ids

# No "@", so that a user name is never mistaken for an e-mail address.
_USERNAME = RegexValidator(r"\A[\w.+-]+\Z", "Use letters, digits, and any of . + - _")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str, *, email: str = "", **fields: Any) -> "User":
        user = self.model(username=username, email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, username: str, password: str, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """Nobody is Alice beside an alice: names are found, and unique, whatever their case."""
        return self.get(username__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    username = models.CharField(max_length=64, validators=[_USERNAME])
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("username"), name="user_username_unique")]


class Device(models.Model):
    """One login. Of its secrets only SHA-256 digests are stored, in hexadecimal.

    `refresh_family_digest` is of the part of the refresh token that stays the same while it rotates: it tells
    a token that was used before, at whatever age, from one that never was.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    name = models.CharField(max_length=100, blank=True)
    address = models.GenericIPAddressField(null=True)
    access_digest = models.CharField(max_length=64, unique=True)
    access_expires_at = models.DateTimeField()
    refresh_family_digest = models.CharField(max_length=64, unique=True)
    refresh_digest = models.CharField(max_length=64)
    refresh_expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class Ticket(models.Model):
    """Opens one socket for a device, once, within a minute: the row is deleted by whoever redeems it."""

    digest = models.CharField(primary_key=True, max_length=64)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="tickets")
    expires_at = models.DateTimeField()
