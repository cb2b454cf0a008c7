"""Password checks. Login, the admin, and every change that requires a password use this module."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts import limits, secret
from accounts.errors import InvalidCredentials
from accounts.models import Device, User
from core import ip_addresses
from core.errors import Overloaded

# One hash takes 100 MB and a core for 50 ms, by design. More of them at once would be no faster, and would take the
# other cores from clients that are signed in.
_hashing = threading.BoundedSemaphore(max(2, (os.cpu_count() or 1) // 2))
_HASHING_SECONDS = 5.0
_making = threading.Lock()


def check(*, name: str, password: str, address: str | None) -> User:
    """Return the active user with this user name (or verified e-mail address) and password. Raises InvalidCredentials,
    after the same work for every cause; RateLimited, Unavailable or Overloaded before the password is checked."""
    user = find(name)
    attempt = limits.Attempt(name=name, address=address, known=knows(user, address))
    attempt.begin()
    with hashing():
        right = user.check_password(password)
    if not right or not user.is_active:
        raise InvalidCredentials
    attempt.succeeded()
    return user


def find(name: str) -> User:
    """Return the user with this user name or verified e-mail address. If there is none, return `nobody()`, whose checks
    take as long as another user's and fail."""
    stranger = nobody()  # always computed: else a process's first unknown name would take longer than others
    try:
        return User.objects.get_by_natural_key(User.normalize_username(name))
    except User.DoesNotExist:
        return stranger


def knows(user: User, address: str | None) -> bool:
    """Return whether the user has signed in from this IP address, or from its network, before."""
    seen = Device.objects.filter(user=user).values_list("address", flat=True).distinct()
    return ip_addresses.place(address) in {ip_addresses.place(each) for each in seen if each}


def hold(user: User) -> bool:
    """Lock the user's row until the surrounding transaction ends. Return False if a proof since `user` was read is
    void: the password was changed, or the user was deactivated."""
    row = User.objects.select_for_update(no_key=True).filter(id=user.id).first()
    return row is not None and row.is_active and row.password == user.password


def nobody() -> User:
    """Return an inactive user without a name, whose password takes as long to check as any other and is never right."""
    with _making:
        return User(id=UUID(int=0), username="", is_active=False, password=_unknown_password())


@cache
def _unknown_password() -> str:
    return make_password(secret.mint(""))


@contextmanager
def hashing() -> Iterator[None]:
    """Hold a permit to compute a hash, of which there are few. Outside a transaction, release the database connection
    first, because others wait for it. Raises Overloaded if no permit is free within 5 s."""
    if not connection.in_atomic_block:
        connection.close()
    if not _hashing.acquire(timeout=_HASHING_SECONDS):
        raise Overloaded
    try:
        yield
    finally:
        _hashing.release()
