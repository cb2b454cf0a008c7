"""Django's PostgreSQL settings from one URL. Its parameters go to libpq, and override Roomwire's defaults."""

import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from django.core.exceptions import ImproperlyConfigured

from config import env

SCHEMES = ("postgres", "postgresql", "psql", "pgsql")

_LOCK_TIMEOUT_MS = 1_000
_IDLE_IN_TRANSACTION_MS = 30_000
_ESCAPE = "Write special characters in the user's name and password as %XX, an @ as %40."
# Django's settings and the libpq parameters that they stand for.
_NAMES = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


def database(url: str) -> dict[str, Any]:
    """Return the `DATABASES` entry. Raises ImproperlyConfigured, whose message never contains the password."""
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
        # Behind PgBouncer a server-side cursor does not outlive its transaction.
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": _defaults() | given | {"options": f"{_options()} {given.get('options', '')}".rstrip()},
    }


def _parameters(url: str) -> dict[str, str]:
    """Return the URL's parameters as libpq reads them. Raises ImproperlyConfigured, which names an unknown one."""
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
    """Percent-encode a user name or password, whether or not its special characters are encoded already."""
    return quote(unquote(text), safe="")


def _defaults() -> dict[str, Any]:
    """Return the options that the URL may override: a pool per process, and a timeout for every network wait."""
    # Imported here because installations on SQLite do not need psycopg.
    from core.postgres import Connection

    return {
        # By default the pool waits longer and longer between attempts to connect, up to minutes. Here it gives up
        # after 1 s, and the next request for a connection makes it try again.
        "pool": {
            "connection_class": Connection,
            "min_size": 1,
            "max_size": env.database_pool_size(),
            "timeout": 2,
            "reconnect_timeout": 1,
        },
        "connect_timeout": 5,
        # A host that vanished acknowledges nothing: tcp_user_timeout ends waits for sent data, keepalives idle waits.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }


def _options() -> str:
    """Return the session's settings as libpq's `options`. The URL's follow them, and the later of two values counts."""
    from core.postgres import MARKER

    statement = env.database_statement_timeout_ms()
    settings = {
        MARKER: "on",
        "statement_timeout": statement,
        "lock_timeout": min(statement, _LOCK_TIMEOUT_MS),
        # A process that is suspended in the middle of a transaction holds locks that others wait for.
        "idle_in_transaction_session_timeout": _IDLE_IN_TRANSACTION_MS,
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
