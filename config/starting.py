"""Loading the settings in a server process: done, or refused in one clear line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import django
from django.core.exceptions import ImproperlyConfigured

from config import env

# uvicorn's own status for a worker that would fail the same way again: its supervisor then stops as well,
# where any other status makes it start workers for ever.
_REFUSED = 3


@contextmanager
def refusing() -> Iterator[None]:
    """What can't be configured ends the process with its reason, and no traceback."""
    try:
        yield
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Roomwire does not start: {error}\n")
        sys.exit(_REFUSED)


def load() -> None:
    """Settings (production's unless DJANGO_SETTINGS_MODULE says otherwise) and apps; or the end of the process."""
    env.settings_module("config.settings.prod")
    with refusing():
        django.setup()
