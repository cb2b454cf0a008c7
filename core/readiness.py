"""Readiness of the database: it answers, it has all the tables of this code, and it takes writes."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from core import database

# The longest wait for each answer: as long as the callers of a probe wait.
_PATIENCE_SECONDS = 2.0
# More rows than work_mem holds: PostgreSQL writes them to a temporary file, on the disk where it keeps its data.
_MANY_ROWS = "SELECT count(*) FROM generate_series(1, 10000)"
_SQLITE_FREE_BYTES = 1_048_576

# Applied migrations that were complete for this code before: the full comparison takes some milliseconds.
_enough: frozenset[tuple[str, str]] = frozenset()


def fault() -> str | None:
    """Return why the database can't serve requests, in two words at most; None if it can."""
    database.refresh()
    try:
        connection.ensure_connection()
        with _impatient():
            if _is_read_only():
                database.end()  # after a failover, these connections may lead to a standby
                return "read-only"
            if not is_migrated():
                return "not migrated"
            return None if _has_room() else "disk full"
    except (DatabaseError, InterfaceError):
        return "down"


def is_migrated() -> bool:
    """Return whether all migrations of this code are applied. Additional ones of newer code do no harm: deployments
    overlap."""
    global _enough
    applied = MigrationRecorder(connection).applied_migrations().keys()
    if _enough and _enough <= applied:
        return True
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    _enough = frozenset(applied)
    return True


@contextmanager
def _impatient() -> Iterator[None]:
    driver = database.held()
    if connection.vendor != "postgresql":
        yield
        return
    patience, driver.patience = driver.patience, _PATIENCE_SECONDS
    try:
        yield
    finally:
        driver.patience = patience


def _is_read_only() -> bool:
    """Return whether the database refuses writes. A standby does, and a server that was set to read-only, before a
    failover or because its disk filled up."""
    if connection.vendor != "postgresql":
        return not os.access(_sqlite_file(), os.W_OK)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('transaction_read_only')")
        return bool(cursor.fetchone() == ("on",))


def _has_room() -> bool:
    """Return whether the database can write to its disk now. Nothing that this writes is kept."""
    if connection.vendor != "postgresql":
        return shutil.disk_usage(_sqlite_file().parent).free > _SQLITE_FREE_BYTES
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL work_mem = '64kB'")
            cursor.execute(_MANY_ROWS)
    except DatabaseError:
        if database.unreachable():
            raise
        return False
    return True


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])
