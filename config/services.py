"""Django's settings for the database, the channel layer and the mail server, from one URL each."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import django
import environ
from django.core.exceptions import ImproperlyConfigured
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config import env, postgres

# WAL lets readers and the one writer work concurrently. IMMEDIATE takes the write lock when a transaction begins:
# upgrading a read lock while other threads write fails at once with "database is locked".
_SQLITE: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}

# Parameters that a SQLite URL may have. Others would have no effect.
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
    """Return the `CHANNEL_LAYERS` entry: Redis pub/sub, or this process's memory for an empty URL.

    The layer carries only hints, so it may lose messages (docs/adr/0002-hints-not-deliveries.md).
    """
    if not url:
        # By default the layer drops messages beyond 100 unread ones, and forgets a group after a day, or when its
        # messages were not read for a minute, as on a suspended laptop.
        years = 10 * 365 * 86_400
        memory = {"capacity": 100_000, "expiry": years, "group_expiry": years}
        return {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": memory}
    # Defaults, which parameters of the URL override.
    host: dict[str, Any] = {
        "address": url,
        "socket_connect_timeout": 1,
        "socket_timeout": 1,
        "health_check_interval": 10,
        # The hub and the announcer have their own retries.
        "retry": Retry(NoBackoff(), 0),
    }
    if not url.startswith("unix://"):
        host["socket_keepalive"] = True
    config = {"hosts": [host], "prefix": prefix}
    return {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}


_MAIL_SECONDS = 10
# From Django 6.1 on each backend has its own options. These are the SMTP backend's, by the older settings' names.
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
# Query parameters that a mail server's URL may have.
_MAIL_PARAMETERS = {"timeout", "ssl_keyfile", "ssl_certfile"}
_MAIL_OPTIONS = {
    "django.core.mail.backends.smtp.EmailBackend": _SMTP,
    "django.core.mail.backends.filebased.EmailBackend": {"EMAIL_FILE_PATH": "file_path"},
}


def mail(url: str) -> dict[str, Any]:
    """Return the settings for a mail server's URL, under the names that this version of Django uses.

    Raises ImproperlyConfigured for a URL that can't be read, or has a parameter that its mail backend does not take.
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
    parts = urlsplit(url)
    given |= {"EMAIL_FILE_PATH": parts.path, "EMAIL_TIMEOUT": _MAIL_SECONDS}
    # django-environ decodes + as a space, as in forms. In the user info of a URL it is a plus.
    given |= {"EMAIL_HOST_USER": unquote(parts.username or ""), "EMAIL_HOST_PASSWORD": unquote(parts.password or "")}
    given |= {f"EMAIL_{name.upper()}": value for name, value in asked.items()}
    config: dict[str, Any] = {name: value for name, value in given.items() if value}
    if django.VERSION < (6, 1):
        return config
    backend = str(config["EMAIL_BACKEND"])
    names = _MAIL_OPTIONS.get(backend, {})
    options = {names[name]: value for name, value in config.items() if name in names}
    return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
