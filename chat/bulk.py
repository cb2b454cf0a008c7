"""What a batch's commit asks of the database, by hand on PostgreSQL: of its time the ORM's way was three quarters.

Rows go there as one JSON text in one parameter, which the server takes apart (json_to_recordset). Elsewhere the ORM
does it. A row's keys are the model's columns (`room_id`); those it does not name are left to the database.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection, models

from chat import wire

Row = dict[str, Any]


def by_hand() -> bool:
    """Whether the database is PostgreSQL."""
    return connection.vendor == "postgresql"


def insert(model: type[models.Model], rows: Sequence[Row]) -> None:
    """New rows, all with the same keys. Raises what the database raises."""
    if not by_hand():
        model._default_manager.bulk_create([model(**row) for row in rows])
    elif rows:
        _execute(_insertion(model, tuple(rows[0])), rows)


def update(model: type[models.Model], rows: Sequence[Row]) -> None:
    """Existing rows, each by its `id`, all with the same keys."""
    if not by_hand():
        model._default_manager.bulk_update([model(**row) for row in rows], [key for key in rows[0] if key != "id"])
    elif rows:
        _execute(_change(model, tuple(rows[0])), rows)


def select(statement: str, given: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What a statement of PostgreSQL's finds for the rows that are its one parameter."""
    with connection.cursor() as cursor:
        cursor.execute(statement, [_text(given)])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _execute(statement: str, rows: Sequence[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [_text(rows)])


def _text(rows: Sequence[Row]) -> str:
    return wire.encode(rows).decode()


@cache
def _insertion(model: type[models.Model], keys: tuple[str, ...]) -> str:
    columns = ", ".join(map(_quoted, keys))
    return f"INSERT INTO {_table(model)} ({columns}) SELECT {columns} FROM {_given(model, keys)}"  # noqa: S608


@cache
def _change(model: type[models.Model], keys: tuple[str, ...]) -> str:
    changes = ", ".join(f"{_quoted(key)} = given.{_quoted(key)}" for key in keys if key != "id")
    table = _table(model)
    return f"UPDATE {table} SET {changes} FROM {_given(model, keys)} WHERE {table}.id = given.id"  # noqa: S608


def _given(model: type[models.Model], keys: tuple[str, ...]) -> str:
    """The rows in the statement's parameter, as a table of the model's own types."""
    types = {field.column: field.db_type(connection) for field in model._meta.concrete_fields}
    return f"json_to_recordset(%s) AS given({', '.join(f'{_quoted(key)} {types[key]}' for key in keys)})"


def _table(model: type[models.Model]) -> str:
    return _quoted(model._meta.db_table)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
