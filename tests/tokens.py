"""Tokens that end when a test wants them to."""

import hashlib

import psycopg

from tests.client import Person


def expire(database: str, person: Person, seconds: float) -> None:
    """The access token will be good for so long and no longer."""
    digest = hashlib.sha256(person.token.encode()).hexdigest()
    with psycopg.connect(database, autocommit=True) as connection:
        done = connection.execute(
            "UPDATE accounts_device SET access_expires_at = now() + %s * interval '1 second' WHERE access_digest = %s",
            (seconds, digest),
        )
        assert done.rowcount == 1
