"""What PostgreSQL itself says and does. A row's `xmin` is the transaction that stored it."""

from collections.abc import Callable

import psycopg
from django.db import connection

from chat.models import Room


def connect() -> psycopg.Connection:
    """A connection of the test's own, which the pool knows nothing of."""
    where = {name.lower(): connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return psycopg.connect(dbname=connection.settings_dict["NAME"], autocommit=True, **where)


def stored() -> list[str]:
    return sorted(Room.objects.values_list("name", flat=True))


def transactions(other: psycopg.Connection) -> int:
    """How many stored what is stored."""
    return other.execute("SELECT count(DISTINCT xmin::text) FROM chat_room").fetchone()[0]


def execute(sql: str, *parameters) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def fail_with(sqlstate: str) -> Callable[[], None]:
    """A statement that PostgreSQL refuses in these words."""
    return lambda: execute(f"DO $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}'; END$$")


def terminate(pid: int) -> None:
    """End a backend, and wait until it has."""
    with connect() as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)


def blocked(other: psycopg.Connection, pid: int) -> bool:
    return bool(other.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [pid]).fetchone()[0])
