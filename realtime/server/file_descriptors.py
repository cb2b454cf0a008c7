"""File descriptors: each connection needs one, and a process may open a limited number."""

import logging
import resource
import time

logger = logging.getLogger(__name__)

# Kept free for the database, Redis, files, and for connections that are closed in the next moment.
_RESERVE = 64
_LOG_SECONDS = 10.0

_shortages = 0
_logged_at = float("-inf")


def raise_limit() -> None:
    """Raise the soft limit, often 1024, to the hard one. Processes started afterwards inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:  # macOS has a hard limit that it does not grant
            logger.warning("The limit on open files stays %s: %s", soft, error)


def are_short(descriptor: int) -> bool:
    """Return whether the descriptor of a new connection is among the last of this process; log and count if so.

    The kernel gives out the lowest free number, so that one near the limit says that nearly all are taken. uvloop hides
    a lack of descriptors: it accepts the connection, closes it, and tells nobody.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or descriptor < limit - min(_RESERVE, limit // 8):
        return False
    _count(limit)
    return True


def _count(limit: int) -> None:
    global _shortages, _logged_at
    _shortages += 1
    now = time.monotonic()
    if now - _logged_at >= _LOG_SECONDS:
        _logged_at = now
        logger.error(
            "Too many open files: connections closed or refused so far: %s. The limit is %s: raise the hard limit"
            " (ulimit -Hn, systemd's LimitNOFILE) or start more workers.",
            _shortages,
            limit,
        )
