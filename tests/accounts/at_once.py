"""Many who try the same thing at the same time."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from accounts.errors import Unauthenticated


def at_once(count: int, attempt: Callable[[], Any]) -> list[Any]:
    """What so many simultaneous attempts were answered, those that were refused left out."""
    barrier = threading.Barrier(min(count, 20))

    def run(_) -> list[Any]:
        barrier.wait()
        try:
            return [attempt()]
        except Unauthenticated:
            return []
        finally:
            connection.close()

    with ThreadPoolExecutor(barrier.parties) as pool:
        return [answer for answers in pool.map(run, range(count - count % barrier.parties)) for answer in answers]
