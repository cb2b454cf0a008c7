"""How Django's own pages, the admin above all, check a password: like everybody else here."""

from typing import Any

from django.contrib.auth.backends import BaseBackend, ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts import credentials
from accounts.errors import InvalidCredentials
from accounts.models import User
from core.errors import RoomwireError


class Backend(ModelBackend):
    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        """PermissionDenied, which the form shows as a wrong password, for one attempt too many."""
        if username is None or password is None:
            return None
        address = request.META.get("REMOTE_ADDR", "") if request is not None else None
        try:
            return credentials.check(name=username, password=password, address=address)
        except InvalidCredentials:
            return None
        except RoomwireError as error:
            raise PermissionDenied from error

    async def aauthenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **others: Any
    ) -> User | None:
        """By `authenticate`: ModelBackend's own would try the password past all limits."""
        named = {"username": username, "password": password} | others
        user: User | None = await BaseBackend.aauthenticate(self, request, **named)
        return user
