"""The presence store that the settings choose: Redis for all processes, or the memory of this one."""

import threading
from functools import cache

from django.conf import settings

from chat.presence.memory_store import Memory
from chat.presence.redis_store import Shared
from chat.presence.store import Store

_making = threading.Lock()


def get() -> Store:
    """Return the store of this process; the same one each time."""
    with _making:  # two made at once would each know half of the users
        return _make(settings.REDIS_URL, settings.REDIS_PREFIX)


@cache
def _make(url: str, prefix: str) -> Store:
    return Shared(url, prefix) if url else Memory()
