"""The settings of a server that leaves its garbage alone, and writes what is there and what is garbage to its log on
SIGUSR1."""

import gc
import json
import signal
import sys
from collections import Counter
from typing import Any

from tests.live_settings import *  # noqa: F403


def _kinds(things: list[Any]) -> Counter[str]:
    return Counter(f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in things)


def _count(*_: Any) -> None:
    gc.callbacks.clear()  # config/gc_tuning.py would set things aside in between
    gc.unfreeze()
    there = _kinds(gc.get_objects())
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    garbage = _kinds(gc.garbage)
    gc.set_debug(0)
    gc.garbage.clear()
    gc.collect()
    print(f"counted: {json.dumps([there - garbage, garbage])}", file=sys.stderr, flush=True)


gc.disable()
signal.signal(signal.SIGUSR1, _count)
