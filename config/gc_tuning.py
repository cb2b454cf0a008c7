"""Garbage collection with short pauses: a process serves no client while Python's garbage collector runs.

A full collection traverses all objects: 80 ms for the modules of a new process, 250 ms with 5 000 connections. So the
objects that survive one are frozen (gc.freeze), and the next full collection traverses only newer objects. Frozen
objects are still freed when their last reference goes, as connections are. Reference cycles may be frozen too, such as
a REST request that is just being answered, and are then not found. So every THOROUGH_EVERY-th full collection traverses
all objects.
"""

import gc
from typing import Literal

from django.urls import get_resolver

# The number of full collections (each after 70 000 new objects, see gc.set_threshold) to one that traverses everything.
THOROUGH_EVERY = 100


class _Collections:
    def __init__(self) -> None:
        self._done = 0

    def __call__(self, phase: Literal["start", "stop"], info: dict[str, int]) -> None:
        if info["generation"] < 2:
            return
        if phase == "stop":
            gc.freeze()
            self._done += 1
        elif self._done % THOROUGH_EVERY == THOROUGH_EVERY - 1:
            gc.unfreeze()


def set_aside() -> None:
    """Freeze the objects of a process that is about to serve, and from then on those that survive a full collection."""
    get_resolver().url_patterns  # noqa: B018  # loads the views, otherwise loaded by the first request
    gc.collect()
    gc.freeze()
    gc.callbacks.append(_Collections())
