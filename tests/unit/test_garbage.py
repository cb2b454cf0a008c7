"""What full garbage collections look through, after config/gc_tuning.py."""

import gc
import weakref

import pytest

from config import gc_tuning


class Thing:
    """Held by itself."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def _as_before():
    callbacks = list(gc.callbacks)
    yield
    gc.callbacks[:] = callbacks
    gc.unfreeze()


def looked_through(thing: Thing) -> bool:
    """By the next full collection."""
    return any(other is thing for other in gc.get_objects())


def test_what_was_there_at_the_start_is_set_aside():
    thing = Thing()
    gc_tuning.set_aside()
    assert not looked_through(thing)


def test_what_survives_a_full_collection_is_set_aside():
    gc_tuning.set_aside()
    thing = Thing()
    gc.collect(1)
    assert looked_through(thing)
    gc.collect()
    assert not looked_through(thing)


def test_garbage_that_was_set_aside_while_it_lived_is_found_in_the_end():
    gc_tuning.set_aside()
    thing = Thing()
    alive = weakref.ref(thing)
    gc.collect()
    del thing
    gc.collect()
    assert alive() is not None
    for _ in range(gc_tuning.THOROUGH_EVERY):
        gc.collect()
    assert alive() is None
