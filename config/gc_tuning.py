"""Short pauses: nobody is served while Python's garbage collector looks through what is alive.

A full collection looks at everything: 80 ms for the modules of a new process, 250 ms with 5 000 connections. What
survived one is therefore set aside (gc.freeze), so that the next looks only at what came since; whatever is set aside
and dies is freed by its last reference as ever, as connections are. Reference cycles may get there too: a REST request
is one, if it is being answered just then. So now and then everything is looked at again.
"""

import gc
from typing import Literal

from django.urls import get_resolver

# Full collections, each after 70 000 new objects (gc.set_threshold), to one of everything.
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
    """What a process that is about to serve has loaded, and from now on whatever survives a full collection."""
    get_resolver().url_patterns  # noqa: B018  # loads the views, which the first request would
    gc.collect()
    gc.freeze()
    gc.callbacks.append(_Collections())
