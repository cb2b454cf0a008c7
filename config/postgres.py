"""PostgreSQL as Django wants it, from one URL: what the URL says reaches libpq, and what Roomwire adds yields to it."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from django.core.exceptions import ImproperlyConfigured

from config import env

SCHEMES = ("postgres", "postgresql", "psql", "pgsql")

_LOCK_TIMEOUT_MS = 1_000
_IDLE_IN_TRANSACTION_MS = 30_000
_ESCAPE = "Write special characters in the user's name and password as %XX, an @ as %40."
# Django's names for what libpq has as parameters.
_NAMES = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


def database(url: str) -> dict[str, Any]:
    """Return the `DATABASES` entry. Raises ImproperlyConfigured, which names what is wrong and no password."""
    given = _parameters(url)
    config = {name: given.pop(parameter, "") for name, parameter in _NAMES.items()}
    if config["NAME"].startswith("/") and not config["HOST"]:  # postgres://user:password@//folder/name
        config["HOST"], _, config["NAME"] = config["NAME"].rpartition("/")
    if not config["NAME"] and "service" not in given:
        raise ImproperlyConfigured("DATABASE_URL names no database: postgres://user:password@host:5432/NAME")
    if not re.fullmatch(r"(\d*,?)*", config["PORT"]):
        raise ImproperlyConfigured(f"DATABASE_URL has a port that is no number. {_ESCAPE}")
    return {
        "ENGINE": "django.db.backends.postgresql",
        **config,
        "CONN_MAX_AGE": 0,
        # A cursor of the server's own does not outlive a transaction behind PgBouncer.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": _defaults() | given | {"options": f"{_options()} {given.get('options', '')}".rstrip()},
    }


def _parameters(url: str) -> dict[str, str]:
    """What libpq reads in the URL; one that it does not know is refused by name."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    match = re.fullmatch(r"\w+://([^/?]*)(.*)", url, re.DOTALL)
    assert match, "the scheme was looked at before"
    credentials, at, hosts = match[1].rpartition("@")
    if not at and "@" in match[2]:
        raise ImproperlyConfigured(f"DATABASE_URL can't be read: there is an @ after the host. {_ESCAPE}")
    user, colon, password = credentials.partition(":")
    rest = f"{_quoted(user)}{colon}{_quoted(password)}{at}{hosts}{match[2]}"
    names = [name for name, _ in parse_qsl(match[2].partition("?")[2], keep_blank_values=True)]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ImproperlyConfigured(f"DATABASE_URL has these parameters more than once: {', '.join(sorted(twice))}")
    if "client_encoding" in names:
        raise ImproperlyConfigured("DATABASE_URL can't choose a client_encoding: it is UTF8.")
    try:
        return {name: str(value) for name, value in conninfo_to_dict(f"postgresql://{rest}").items()}
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is refused by libpq: {str(error).strip()}") from error


def _quoted(text: str) -> str:
    """A name or a password, with its special characters as %XX whether they were written so or not."""
    return quote(unquote(text), safe="")


def _defaults() -> dict[str, Any]:
    """What holds unless the URL says otherwise: a pool per process, and an end to every wait for the network."""
    # psycopg is not needed on SQLite.
    from core.postgres import Connection

    return {
        # Left to itself the pool waits longer and longer between attempts to connect, up to minutes: here it gives
        # each up soon, and the next request for a connection makes it try again.
        "pool": {
            "connection_class": Connection,
            "min_size": 1,
            "max_size": env.database_pool_size(),
            "timeout": 2,
            "reconnect_timeout": 1,
        },
        "connect_timeout": 5,
        # A host that vanished acknowledges nothing: the first ends waits for what it was sent, the others idle waits.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }


def _options() -> str:
    """The session's settings, as libpq's `options`. Of two with one name the later counts: the URL's."""
    from core.postgres import MARKER

    statement = env.database_statement_timeout_ms()
    settings = {
        MARKER: "on",
        "statement_timeout": statement,
        "lock_timeout": min(statement, _LOCK_TIMEOUT_MS),
        # A process that was stopped in the middle of a transaction holds locks that others wait for.
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_MS,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
