"""Checks of settings with origins, host names or Redis URLs, at start. Without them the server would start, and then
never match or never connect. Where the intended value can be guessed, the error suggests it."""

import inspect
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import redis.asyncio.connection
import redis.connection
from django.core.exceptions import ImproperlyConfigured

from core import origins

_REDIS_SCHEMES = {"redis", "rediss", "unix"}
_VALKEY = {"valkey": "redis", "valkeys": "rediss"}
# Query parameters of a Redis URL that the driver takes, besides those of TLS.
_REDIS_PARAMETERS = {
    "db",
    "protocol",
    "client_name",
    "username",
    "password",
    "socket_timeout",
    "socket_connect_timeout",
    "socket_keepalive",
    "health_check_interval",
}


def require_origins(values: Sequence[str]) -> list[str]:
    """Return the origins of CORS_ALLOWED_ORIGINS. Raises ImproperlyConfigured for one that no browser would send."""
    for value in values:
        if value == "*":
            raise ImproperlyConfigured(
                "CORS_ALLOWED_ORIGINS takes no *: name each origin whose pages may call the API, as https://app.example.com."
            )
        mended = _mended_origin(value)
        if mended is None:
            raise ImproperlyConfigured(
                f"CORS_ALLOWED_ORIGINS: {value!r} is not an origin. Write scheme://host[:port], as https://app.example.com."
            )
        if mended != value:
            raise ImproperlyConfigured(
                f"CORS_ALLOWED_ORIGINS: {value!r} would never match what browsers send. Write {mended}"
            )
    return list(values)


def _mended_origin(value: str) -> str | None:
    """Return the origin that was probably meant, or None if there is no good guess."""
    text = value.strip()
    if not text or text == "null" or "*" in text or any(each.isspace() for each in text):
        return None
    try:
        url = urlsplit(text if "://" in text else f"https://{text}")
    except ValueError:
        return None
    origin = origins.parse(f"{url.scheme}://{url.netloc.rpartition('@')[2]}")
    return None if origin is None else str(origin._replace(host=origin.host.rstrip(".")))


def require_hosts(values: Sequence[str]) -> list[str]:
    """Return the hosts of ALLOWED_HOSTS. Raises ImproperlyConfigured for a URL, a port or a path in it."""
    for value in values:
        mended = _mended_host(value)
        if value != "*" and value.lower() != mended:
            write = f" Write {mended}" if mended else ""
            raise ImproperlyConfigured(f"ALLOWED_HOSTS: {value!r} is not a host's name alone.{write}")
    return list(values)


def _mended_host(value: str) -> str | None:
    """Return the host that was probably meant, an IPv6 address in brackets; None if there is no good guess."""
    bare = value.strip()
    if bare.count(":") > 1 and "://" not in bare and not bare.startswith("["):
        bare = f"[{bare}]"
    mended = _mended_origin(bare.removeprefix("."))
    origin = None if mended is None else origins.parse(mended)
    return None if origin is None else ("." if bare.startswith(".") else "") + origin.name


def require_redis_url(url: str) -> str:
    """Return the Redis URL with a scheme that the driver takes; an empty one unchanged. Raises ImproperlyConfigured."""
    if not url:
        return url
    scheme, separator, rest = url.partition("://")
    if not separator or "," in rest.partition("/")[0]:
        raise ImproperlyConfigured("REDIS_URL must be one URL, as redis://host:6379/0, not a list or a host alone.")
    scheme = _VALKEY.get(scheme.lower(), scheme.lower())
    if scheme not in _REDIS_SCHEMES:
        raise ImproperlyConfigured(
            f"REDIS_URL must begin with redis://, rediss:// (TLS) or unix:// (a socket's path), not {scheme}://"
        )
    url = f"{scheme}://{rest}"
    try:
        _require_redis_place(url)
        _require_redis_parameters(url, scheme)
    except (ValueError, TypeError, redis.RedisError) as error:
        raise ImproperlyConfigured(f"REDIS_URL can't be used: {error}") from error
    return url


def _require_redis_place(url: str) -> None:
    """Check the port, and the path or database number. Raises ValueError."""
    parts = urlsplit(url)
    try:
        _ = parts.port
    except ValueError:
        raise ValueError(
            "the port is not a number up to 65535. Special characters in a password are written as %XX"
        ) from None
    if parts.scheme == "unix":
        if not parts.path or parts.netloc.rpartition("@")[2]:
            raise ValueError("after unix:// comes the socket's path, as unix:///run/redis/redis.sock?db=0")
    elif parts.path.strip("/") and not parts.path.strip("/").isdigit():
        raise ValueError("after the host comes a database's number, as /0")


def _require_redis_parameters(url: str, scheme: str) -> None:
    """Check the query parameters: create a sync and an async connection object, which refuse invalid values, without
    connecting. Raises ValueError, TypeError or RedisError."""
    taken = _REDIS_PARAMETERS - ({"socket_keepalive"} if scheme == "unix" else set())
    if scheme == "rediss":
        taken |= {
            name for name in inspect.signature(redis.connection.SSLConnection).parameters if name.startswith("ssl_")
        }
    for name in parse_qs(urlsplit(url).query, keep_blank_values=True):
        if name not in taken:
            raise ValueError(f"unknown parameter {name!r}; known are {', '.join(sorted(taken))}")
    for driver in (redis.connection, redis.asyncio.connection):
        driver.ConnectionPool.from_url(url).make_connection()
