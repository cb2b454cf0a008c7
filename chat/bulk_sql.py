"""SQL of a batch's commit. Through the ORM these statements took three quarters of a batch's time.

Rows are sent to PostgreSQL as one JSON parameter (json_to_recordset), and to SQLite one by one with one prepared
statement. The keys of a row are the model's columns (`room_id`); columns without a key get the database's default.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection, models

from chat import wire

Row = dict[str, Any]


def by_hand() -> bool:
    """Whether the database is PostgreSQL."""
    return connection.vendor == "postgresql"


class Change(NamedTuple):
    """Rows of one model with the same keys: new rows, or new values of existing rows, which are found by `id`."""

    model: type[models.Model]
    rows: Sequence[Row]
    new: bool


def write(*changes: Change) -> None:
    """Write all changes; on PostgreSQL in one statement. Raises the database's errors."""
    needed = [change for change in changes if change.rows]
    if not needed:
        return
    if by_hand():
        parts = tuple((change.model, tuple(change.rows[0]), change.new) for change in needed)
        with connection.cursor() as cursor:
            cursor.execute(_statement(parts), [_text(change.rows) for change in needed])
    else:
        for change in needed:
            _row_by_row(change)


def _row_by_row(change: Change) -> None:
    keys = tuple(change.rows[0])
    fields = {field.column: field for field in change.model._meta.concrete_fields}
    values = [[fields[key].get_db_prep_save(row[key], connection) for key in keys] for row in change.rows]
    with connection.cursor() as cursor:
        if change.new:
            cursor.executemany(_one_insertion(change.model, keys), values)
        else:
            place = keys.index("id")
            cursor.executemany(_one_update(change.model, keys), [[*each, each[place]] for each in values])


def select(statement: str, given: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return the result of a PostgreSQL statement whose only parameter is the rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [_text(given)])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _text(rows: Sequence[Row]) -> str:
    return wire.encode(rows).decode()


@cache
def _statement(parts: tuple[tuple[type[models.Model], tuple[str, ...], bool], ...]) -> str:
    *before, last = [_insertion(model, keys) if new else _update(model, keys) for model, keys, new in parts]
    aside = ", ".join(f"part{number} AS ({text})" for number, text in enumerate(before))
    return f"WITH {aside} {last}" if aside else last


@cache
def _one_insertion(model: type[models.Model], keys: tuple[str, ...]) -> str:
    places = ", ".join(["%s"] * len(keys))
    return f"INSERT INTO {_table(model)} ({', '.join(map(_quoted, keys))}) VALUES ({places})"  # noqa: S608


@cache
def _one_update(model: type[models.Model], keys: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_quoted(key)} = %s" for key in keys)
    return f"UPDATE {_table(model)} SET {changes} WHERE id = %s"  # noqa: S608


def _insertion(model: type[models.Model], keys: tuple[str, ...]) -> str:
    columns = ", ".join(map(_quoted, keys))
    return f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {_given(model, keys)}"  # noqa: S608


def _update(model: type[models.Model], keys: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_quoted(key)} = given.{_quoted(key)}" for key in keys if key != "id")
    table = _table(model)
    return f"UPDATE {table} SET {changes} FROM {_given(model, keys)} WHERE {table}.id = given.id"  # noqa: S608


def _given(model: type[models.Model], keys: tuple[str, ...]) -> str:
    """Return SQL for the rows of the parameter as a table with the model's types."""
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    return f"json_to_recordset(%s) AS given({', '.join(f'{_quoted(key)} {types[key]}' for key in keys)})"


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
