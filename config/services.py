"""The database, the channel layer and the mail server as Django wants them, from one URL each."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config import env, postgres

# WAL lets readers and the one writer work side by side; IMMEDIATE takes the write lock where a transaction
# begins, because upgrading a read lock under threads fails at once with "database is locked".
_SQLITE: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}

# What a URL may say of SQLite: everything else would not reach it.
_SQLITE_PARAMETERS = {"timeout": float, "cached_statements": int}


def database(url: str) -> dict[str, Any]:
    """Return the `DATABASES` entry for a sqlite:// or postgres:// URL. Raises ImproperlyConfigured."""
    scheme = url.partition("://")[0]
    if scheme in postgres.SCHEMES:
        return postgres.database(url)
    if scheme == "sqlite":
        return _sqlite(url)
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite:///")


def _sqlite(url: str) -> dict[str, Any]:
    parts = urlsplit("" if url == "sqlite://:memory:" else url)
    if parts.netloc or parts.fragment:
        raise ImproperlyConfigured("DATABASE_URL must be sqlite:///relative/path or sqlite:////absolute/path, # as %23")
    options = dict(_SQLITE)
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name not in _SQLITE_PARAMETERS:
            known = ", ".join(_SQLITE_PARAMETERS)
            raise ImproperlyConfigured(f"DATABASE_URL has an unknown parameter {name!r}; SQLite takes: {known}")
        try:
            options[name] = _SQLITE_PARAMETERS[name](value)
        except ValueError as error:
            raise ImproperlyConfigured(f"DATABASE_URL has a {name} that is no number: {value!r}") from error
    env.STATE_DIR.mkdir(exist_ok=True)
    config: dict[str, Any] = environ.Env.db_url_config(url.partition("?")[0])
    return config | {"OPTIONS": options}


def channel_layer(url: str, *, prefix: str) -> dict[str, Any]:
    """The `CHANNEL_LAYERS` entry: Redis pub/sub, or this process's memory when there is no URL.

    Neither keeps anything that matters: both only carry hints (docs/adr/0002-hints-not-deliveries.md).
    """
    if not url:
        # The defaults drop past 100 waiting messages, and forget every group after a day, or after a minute in
        # which nobody listened: a laptop asleep.
        years = 10 * 365 * 86_400
        memory = {"capacity": 100_000, "expiry": years, "group_expiry": years}
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": memory}
    # What the URL says of these is stronger.
    host: dict[str, Any] = {
        "address": url,
        "socket_connect_timeout": 1,
        "socket_timeout": 1,
        "health_check_interval": 10,
        # The hub and the announcer decide for themselves when to try again.
        "retry": Retry(NoBackoff(), 0),
    }
    if not url.startswith("unix://"):
        host["socket_keepalive"] = True
    config = {"hosts": [host], "prefix": prefix}
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}


_MAIL_SECONDS = 10
# From Django 6.1 on, each backend has options of its own.
_SMTP = {
    "EMAIL_HOST": "host",
    "EMAIL_PORT": "port",
    "EMAIL_HOST_USER": "username",
    "EMAIL_HOST_PASSWORD": "password",
    "EMAIL_USE_TLS": "use_tls",
    "EMAIL_USE_SSL": "use_ssl",
    "EMAIL_TIMEOUT": "timeout",
    "EMAIL_SSL_KEYFILE": "ssl_keyfile",
    "EMAIL_SSL_CERTFILE": "ssl_certfile",
}
# What a mail server's URL may say after the question mark.
_MAIL_PARAMETERS = {"timeout", "ssl_keyfile", "ssl_certfile"}
_MAIL_OPTIONS = {
    "django.core.mail.backends.smtp.EmailBackend": _SMTP,
    "django.core.mail.backends.filebased.EmailBackend": {"EMAIL_FILE_PATH": "file_path"},
}


def mail(url: str) -> dict[str, Any]:
    """The settings for a mail server's URL, under the names that this Django has for them.

    Raises ImproperlyConfigured for a URL that can't be read, or says what no mail backend takes.
    """
    try:
        given = environ.Env.email_url_config(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL can't be used: {error}") from error
    asked = {name.lower(): value for name, value in given.pop("OPTIONS", {}).items()}
    taken = _MAIL_PARAMETERS if given["EMAIL_HOST"] else set()
    if unknown := sorted(asked.keys() - taken):
        raise ImproperlyConfigured(
            f"EMAIL_URL: unknown parameter {unknown[0]!r}. A mail server's takes {', '.join(sorted(_MAIL_PARAMETERS))}."
        )
    if not isinstance(asked.get("timeout", 0), int):
        raise ImproperlyConfigured("EMAIL_URL: timeout must be a whole number of seconds.")
    given |= {"EMAIL_FILE_PATH": urlsplit(url).path, "EMAIL_TIMEOUT": _MAIL_SECONDS}
    given |= {f"EMAIL_{name.upper()}": value for name, value in asked.items()}
    config: dict[str, Any] = {name: value for name, value in given.items() if value}
    if django.VERSION < (6, 1):
        return config
    backend = str(config["EMAIL_BACKEND"])
    names = _MAIL_OPTIONS.get(backend, {})
    options = {names[name]: value for name, value in config.items() if name in names}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
