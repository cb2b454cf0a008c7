"""Trying a password. Every door at which one is asked for leads here: login, the admin, changes that matter."""

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

# One hash takes 100 MB and a core for 50 ms, by intention: more of them at once would help nobody, and those who are
# signed in need the other cores.
_hashing = threading.BoundedSemaphore(max(2, (os.cpu_count() or 1) // 2))
_HASHING_SECONDS = 5.0
_making = threading.Lock()


def check(*, name: str, password: str, address: str | None) -> User:
    """The active user with this name (or verified e-mail address) and password. Raises InvalidCredentials, after the
    same work whatever was wrong; RateLimited, Unavailable or Overloaded before any."""
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
    """By user name or by verified e-mail address; `nobody`, who is treated like anybody but fails."""
    stranger = nobody()  # computed now, needed or not: a process's first stranger would take longer than others
    try:
        return User.objects.get_by_natural_key(User.normalize_username(name))
    except User.DoesNotExist:
        return stranger


def knows(user: User, address: str | None) -> bool:
    """Whether they have signed in from there, or its neighbourhood, before."""
    seen = Device.objects.filter(user=user).values_list("address", flat=True).distinct()
    return ip_addresses.place(address) in {ip_addresses.place(each) for each in seen if each}


def hold(user: User) -> bool:
    """Keep a user as they are until the surrounding transaction ends. False if what they have proved since they were
    read proves nothing any more: there is another password, or they may not sign in."""
    row = User.objects.select_for_update(no_key=True).filter(id=user.id).first()
    return row is not None and row.is_active and row.password == user.password


def nobody() -> User:
    """Inactive, with a password that takes as long as anybody's to be wrong."""
    with _making:
        return User(id=UUID(int=0), username="", is_active=False, password=_unknown_password())


@cache
def _unknown_password() -> str:
    return make_password(secret.mint(""))


@contextmanager
def hashing() -> Iterator[None]:
    """While one of few may compute a hash, and holds no database connection that others wait for. Raises Overloaded."""
    if not connection.in_atomic_block:
        connection.close()
    if not _hashing.acquire(timeout=_HASHING_SECONDS):
        raise Overloaded
    try:
        yield
    finally:
        _hashing.release()
