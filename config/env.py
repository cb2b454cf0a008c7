"""The environment variables that Roomwire reads, with their types.

The server reads `os.environ` in this module only. `.env.example` describes the variables.
"""

import os
import re
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

PROJECT_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = PROJECT_DIR / "var"

_env = environ.Env()

# The option of uvicorn and Gunicorn in argv joined by NUL: `--workers 4`, `--workers=4`, `-w 4`, `-w4`.
_WORKERS_FLAG = re.compile(r"(?:^|\0)(?:--workers[\0=]|-w\0?)(\d+)(?=\0|$)", re.ASCII)


def settings_module(default: str) -> None:
    """Set DJANGO_SETTINGS_MODULE unless the environment has it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", default)


def secret_key() -> str:
    return str(_env.str("SECRET_KEY", default=""))


def allowed_hosts() -> list[str]:
    return _list("ALLOWED_HOSTS", [])


def cors_allowed_origins(default: list[str]) -> list[str]:
    """Return the exact origins (`https://app.example.com`) whose pages may call REST and open WebSockets."""
    return _list("CORS_ALLOWED_ORIGINS", default)


def cors_allow_headers() -> list[str]:
    """Return request headers that pages of other origins may send in addition to those of config/settings/base.py."""
    return [name.lower() for name in _list("CORS_ALLOW_HEADERS", [])]


def database_url(default: str) -> str:
    return str(_env.str("DATABASE_URL", default=default))


def database_pool_size() -> int:
    """Return the most PostgreSQL connections of one process. Those of all processes must fit `max_connections`."""
    return _number("DATABASE_POOL_SIZE", 20)


def database_statement_timeout_ms() -> int:
    """Return the time limit of a statement in milliseconds; 0 for none, as a long migration needs."""
    return _number("DATABASE_STATEMENT_TIMEOUT_MS", 10_000)


def redis_url() -> str:
    """Return the URL of Redis; empty to keep the channel layer in this process's memory."""
    return str(_env.str("REDIS_URL", default=""))


def redis_prefix() -> str:
    """Return the prefix of all Redis keys, which separates installations that share one Redis."""
    return str(_env.str("REDIS_PREFIX", default="roomwire"))


def https() -> bool:
    """Return whether clients use HTTPS. Turn it off only for plain HTTP within one machine."""
    return bool(_env.bool("HTTPS", default=True))


def hsts_include_subdomains() -> bool:
    return bool(_env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False))


def hsts_preload() -> bool:
    return bool(_env.bool("HSTS_PRELOAD", default=False))


def log_level() -> str:
    return str(_env.str("LOG_LEVEL", default="INFO")).upper()


def host() -> str:
    return str(_env.str("HOST", default="")) or "127.0.0.1"


def port() -> int:
    return _number("PORT", 8000)


def workers() -> int:
    """Return the number of server processes: WORKERS, else WEB_CONCURRENCY, else the server's option `--workers`."""
    flag = _WORKERS_FLAG.search("\0".join(sys.argv))
    return max(1, _number("WORKERS", 0) or _number("WEB_CONCURRENCY", 0) or int(flag[1] if flag else 1))


def forwarded_allow_ips() -> str:
    """Return the proxies whose X-Forwarded-For is trusted; empty for none. uvicorn reads the variable itself, with the
    same default."""
    return str(_env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1,::1"))


def email_url(default: str) -> str:
    """Return the URL for mail: smtp+tls://user:password@host:587, smtp://host:25, consolemail:// or
    filemail:///folder."""
    return str(_env.str("EMAIL_URL", default="")) or default


def email_from() -> str:
    return str(_env.str("EMAIL_FROM", default="Roomwire <roomwire@localhost>"))


def email_required() -> bool:
    """Return whether users need an e-mail address to register, and must verify it before they can log in."""
    return bool(_env.bool("EMAIL_REQUIRED", default=False))


def site_name() -> str:
    """Return the name of this installation in e-mails."""
    return str(_env.str("SITE_NAME", default="Roomwire"))


def query_access_tokens(default: bool) -> bool:
    """Return whether `?token=` accepts access tokens besides tickets. Proxies log URLs, and an access token is still
    valid when its URL is logged."""
    return bool(_env.bool("REALTIME_QUERY_ACCESS_TOKENS", default=default))


def admin(default: bool) -> bool:
    """Return whether Django's admin is served at /admin/."""
    return bool(_env.bool("ADMIN", default=default))


def demo(default: bool) -> bool:
    """Return whether the demo is on: a page at /demo/, and users made by `manage.py seed`, whose password is public."""
    return bool(_env.bool("ROOMWIRE_DEMO", default=default))


def allauth() -> bool:
    """Return whether second factors, passkeys and social login are on. They need requirements/accounts.txt, and a
    `migrate` with this variable on."""
    return bool(_env.bool("ROOMWIRE_ALLAUTH", default=False))


def passkey_domain() -> str:
    """Return the domain whose passkeys are accepted, also from its subdomains; empty for the host of the request."""
    return str(_env.str("PASSKEY_DOMAIN", default=""))


def drain_seconds() -> int:
    """Return the longest time, in seconds, in which a stopping worker closes its connections one by one."""
    return _number("DRAIN_SECONDS", 8)


def drain_announce_seconds() -> int:
    """Return for how many seconds a stopping worker serves as usual while its readiness probe fails. Then its port
    closes. Load balancers need that time to notice."""
    return _number("DRAIN_ANNOUNCE_SECONDS", 0)


def rate_limits() -> bool:
    """Return whether rate limits apply. Turn them off only for benchmarks."""
    return bool(_env.bool("ROOMWIRE_RATE_LIMITS", default=True))


def _list(name: str, default: list[str]) -> list[str]:
    """Return comma-separated values, without the white space around them and without empty ones."""
    return [value.strip() for value in _env.list(name, default=default) if value.strip()]


def _number(name: str, default: int) -> int:
    """Return a whole number, `default` for an empty variable. Raises ImproperlyConfigured."""
    text = str(_env.str(name, default="")).strip()
    try:
        return int(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error
