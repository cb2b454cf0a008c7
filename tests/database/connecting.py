"""What Roomwire makes of a DATABASE_URL, connected without the pool, so that a refusal is raised here."""

from contextlib import contextmanager

import psycopg
from django.db.utils import ConnectionHandler

from config import services
from core.postgres import Connection


def parameters(url: str) -> dict:
    """What the driver is called with."""
    return ConnectionHandler({"default": {}, "tried": services.database(url)})["tried"].get_connection_params()


@contextmanager
def connected(url: str):
    with Connection.connect(**parameters(url), autocommit=True) as connection:
        yield connection


def value(connection: psycopg.Connection, expression: str):
    return connection.execute(f"SELECT {expression}").fetchone()[0]


def setting(connection: psycopg.Connection, name: str) -> str:
    return value(connection, f"current_setting('{name}')")
