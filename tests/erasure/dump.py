"""All that an installation keeps, as text to search."""

import base64

import psycopg
import redis
from psycopg import sql

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


def database(url: str) -> dict[str, str]:
    """Each table's rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = [name for (name,) in connection.execute(_TABLES)]
        return {name: _rows(connection, name) for name in names}


def _rows(connection: psycopg.Connection, table: str) -> str:
    rows = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table)))
    return "\n".join(row for (row,) in rows)


def valkey(url: str) -> str:
    """Keys and what they hold, in whatever form Redis would copy them; base64 is of no use to hide in, so not that."""
    with redis.Redis.from_url(url) as client:
        return "\n".join(f"{key!r} {client.dump(key)!r}" for key in client.scan_iter(count=1_000))


def found(kept: dict[str, str], *secrets: str) -> list[tuple[str, str]]:
    """Which of these are where: as they are, in another case, or encoded as databases and clients like to."""
    return [
        (secret, place)
        for place, text in kept.items()
        for secret in secrets
        if any(form in text or form.lower() in text.lower() for form in _forms(secret))
    ]


def _forms(secret: str) -> set[str]:
    data = secret.encode()
    return {secret, data.hex(), base64.b64encode(data).decode().rstrip("=")}
