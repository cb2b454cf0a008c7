"""How often something may be asked: one count for all processes in Redis, or in this process's memory without it.

Two kinds of limit. A *rate* admits `count` in `seconds`, at once or spread. A *delay* admits a few attempts freely,
and each further one only after a pause that doubles, until it is given back by a success or forgotten after a quiet
time. A call that asks for several takes from all of them or from none, atomically: of a thousand parallel attempts
exactly as many pass as one after the other.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import redis
from django.conf import settings
from django.utils.crypto import salted_hmac

from core.errors import RateLimited, Unavailable
from core.outages import Outage
from core.rate_limits.stores import Bucket, Memory, Shared, Store
from core.redis_scripts import Resting

logger = logging.getLogger(__name__)

_outage = Outage(logger, "Redis", "rates are not counted, and nobody can sign in or register")
# Counted by `probe`: any number of times.
_PROBE = Bucket("probe", 0, 1, 60_000, 0)
# When to ask again for what could not be counted.
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """By its `name` settings.RATES or settings.DELAYS has the numbers. While nobody can count, a `closed` one
    refuses, and another admits."""

    name: str
    closed: bool = False


class Ask(NamedTuple):
    """One more for this subject: an address, an account. Redis sees only a digest of it, which is keyed: there are
    so few addresses that a plain one could be undone by trying them all."""

    limit: Limit
    subject: str


def take(*asks: Ask) -> None:
    """Raises RateLimited; or Unavailable, where a closed limit can't be counted."""
    if not settings.RATE_LIMITS:
        return
    try:
        wait = _store().take([_bucket(ask) for ask in asks])
        _outage.end()
    except redis.RedisError as error:
        _away(error)
        if any(ask.limit.closed for ask in asks):
            raise Unavailable("The rate-limit store is unavailable. Try again.") from error
        return
    if wait > 0:
        raise RateLimited(wait / 1_000)


def probe() -> bool:
    """Whether rates can be counted now, without which nobody can sign in."""
    if not settings.RATE_LIMITS:
        return True
    try:
        _store().take([_PROBE])
    except redis.RedisError as error:
        _away(error)
        return False
    _outage.end()
    return True


def take_each(limit: Limit, subjects: Sequence[str]) -> list[float]:
    """For each subject the seconds it has to wait: 0 for one that is admitted."""
    if not settings.RATE_LIMITS:
        return [0.0] * len(subjects)
    try:
        waits = _store().take_each([_bucket(Ask(limit, subject)) for subject in subjects])
    except redis.RedisError as error:
        _away(error)
        return [_AGAIN_SECONDS if limit.closed else 0.0] * len(subjects)
    return [wait / 1_000 for wait in waits]


def give_back(*asks: Ask) -> None:
    """What was taken turned out to be no attempt of the kind that is limited."""
    if not settings.RATE_LIMITS:
        return
    try:
        _store().give_back([_bucket(ask) for ask in asks])
    except redis.RedisError as error:
        _away(error)


def _away(error: Exception) -> None:
    if not isinstance(error, Resting):
        _outage.note(error)


def _bucket(ask: Ask) -> Bucket:
    subject = ask.subject.encode("utf-8", "surrogatepass")
    key = f"{ask.limit.name}:{salted_hmac('accounts.limiter', subject, algorithm='sha256').hexdigest()[:32]}"
    if ask.limit.name in settings.DELAYS:
        free, longest, quiet = settings.DELAYS[ask.limit.name]
        return Bucket(key, free, settings.DELAY_FIRST_SECONDS * 1_000, longest * 1_000, quiet * 1_000)
    count, seconds = settings.RATES[ask.limit.name]
    interval = max(1, seconds * 1_000 // count)
    return Bucket(key, 0, interval, interval * (count - 1), 0)


_making = threading.Lock()


def _store() -> Store:
    with _making:  # two that are made at once would count apart
        return _stores(settings.REDIS_URL, settings.REDIS_PREFIX)


@cache
def _stores(url: str, prefix: str) -> Store:
    return Shared(url, prefix) if url else Memory()
