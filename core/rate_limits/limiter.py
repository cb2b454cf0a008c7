"""Rate limits and delays, counted in Redis for all processes, or in this process's memory without Redis.

A *rate* admits `count` requests in `seconds`, at once or spread. A *delay* admits a few attempts freely, and each
further one only after a pause that doubles, until a success gives the attempts back or they expire after a quiet time.
A call with several limits takes from all of them or from none, atomically: of a thousand parallel attempts exactly as
many pass as of a thousand sequential ones.
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
# The bucket of `probe`, which may take from it any number of times.
_PROBE = Bucket("probe", 0, 1, 60_000, 0)
# The retry time of a request that could not be counted.
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, whose numbers settings.RATES or settings.DELAYS has under `name`. While counting is impossible, a
    `closed` limit refuses and any other admits."""

    name: str
    closed: bool = False


class Ask(NamedTuple):
    """The request to take one from a limit, for a subject such as an IP address or an account. Redis stores only a
    keyed digest of the subject: there are so few IP addresses that a plain digest could be reversed by trying them all.
    """

    limit: Limit
    subject: str


def take(*asks: Ask) -> None:
    """Take one from each limit. Raises RateLimited; or Unavailable if a closed limit can't be counted."""
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
    """Return whether requests can be counted now, which signing in requires."""
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
    """Take one for each subject on its own. Return the seconds that each has to wait; 0 if it is admitted."""
    if not settings.RATE_LIMITS:
        return [0.0] * len(subjects)
    try:
        waits = _store().take_each([_bucket(Ask(limit, subject)) for subject in subjects])
    except redis.RedisError as error:
        _away(error)
        return [_AGAIN_SECONDS if limit.closed else 0.0] * len(subjects)
    return [wait / 1_000 for wait in waits]


def give_back(*asks: Ask) -> None:
    """Give back what was taken for a request that turned out not to count, such as a login with the right password."""
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
    with _making:  # two stores made concurrently would count separately
        return _stores(settings.REDIS_URL, settings.REDIS_PREFIX)


@cache
def _stores(url: str, prefix: str) -> Store:
    return Shared(url, prefix) if url else Memory()
