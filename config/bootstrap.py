"""Loading the settings in a server process: done, or refused in one clear line."""

import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import django
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection

from config import env

logger = logging.getLogger(__name__)

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
    """Load the settings (production's unless DJANGO_SETTINGS_MODULE says otherwise) and the apps, or end the process.

    A database that lacks tables or columns of this code ends it too; one that does not answer may come back.
    """
    env.settings_module("config.settings.prod")
    with refusing():
        django.setup()
        # Servers import the application on their event loop, where Django refuses to ask the database.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(_require_migrated).result()


def _require_migrated() -> None:
    from core import readiness

    try:
        if not readiness.is_migrated():
            raise ImproperlyConfigured("the database is not migrated: run `python manage.py migrate` first.")
    except (DatabaseError, InterfaceError) as error:
        logger.warning("checking the database's migrations failed: %s", error)
    finally:
        connection.close()
        if hasattr(connection, "close_pool"):  # PostgreSQL's, of which a process that forks must not keep any
            connection.close_pool()
