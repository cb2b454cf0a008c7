"""Loading of settings and apps in a server process, which exits with a one-line reason if they are invalid."""

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

# uvicorn's exit status for a worker that would fail the same way again: its supervisor then stops too. After any other
# status it starts workers for ever.
_REFUSED = 3


@contextmanager
def refusing() -> Iterator[None]:
    """Exit the process on ImproperlyConfigured, with its message on stderr and no traceback."""
    try:
        yield
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Roomwire does not start: {error}\n")
        sys.exit(_REFUSED)


def load() -> None:
    """Load the settings (production's, unless DJANGO_SETTINGS_MODULE is set) and the apps, or exit the process.

    Also exit if migrations of this code are not applied. If the database does not answer, log it and continue.
    """
    env.settings_module("config.settings.prod")
    with refusing():
        django.setup()
        # Servers import the application on their event loop, where Django refuses database queries.
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
        if hasattr(connection, "close_pool"):  # PostgreSQL's pool; a process that forks must not keep connections
            connection.close_pool()
