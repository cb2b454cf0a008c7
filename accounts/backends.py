"""The authentication backend of Django's own pages, mainly the admin: it checks passwords as every login does."""

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
        """Return the user, or None if the password is wrong. Raises PermissionDenied, which the form shows as a wrong
        password, if the attempt is refused by a limit."""
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
        """Call `authenticate`: the method of ModelBackend would check the password without limits."""
        named = {"username": username, "password": password} | others
        user: User | None = await BaseBackend.aauthenticate(self, request, **named)
        return user
