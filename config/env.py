"""The environment: every variable Roomwire reads, typed, in one place.

Nothing else in the project touches `os.environ`. `.env.example` lists the same names with their meaning.
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

# uvicorn's and Gunicorn's, in argv joined by NUL: `--workers 4`, `--workers=4`, `-w 4`, `-w4`.
_WORKERS_FLAG = re.compile(r"(?:^|\0)(?:--workers[\0=]|-w\0?)(\d+)(?=\0|$)", re.ASCII)


def settings_module(default: str) -> None:
    """Name the Django settings of this process unless the environment already does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", default)


def secret_key() -> str:
    return str(_env.str("SECRET_KEY", default=""))


def allowed_hosts() -> list[str]:
    return _list("ALLOWED_HOSTS", [])


def cors_allowed_origins(default: list[str]) -> list[str]:
    """Exact origins (`https://app.example.com`) whose pages may call REST and open sockets."""
    return _list("CORS_ALLOWED_ORIGINS", default)


def cors_allow_headers() -> list[str]:
    """Request headers that pages of other origins may send, beside those of config/settings/base.py."""
    return [name.lower() for name in _list("CORS_ALLOW_HEADERS", [])]


def database_url(default: str) -> str:
    return str(_env.str("DATABASE_URL", default=default))


def database_pool_size() -> int:
    """Most PostgreSQL connections of one process; times the processes it must fit `max_connections`."""
    return _number("DATABASE_POOL_SIZE", 20)


def database_statement_timeout_ms() -> int:
    """0 lifts the limit, for a long migration."""
    return _number("DATABASE_STATEMENT_TIMEOUT_MS", 10_000)


def redis_url() -> str:
    """Empty: the channel layer lives in this process's memory."""
    return str(_env.str("REDIS_URL", default=""))


def redis_prefix() -> str:
    """Keeps installations that share one Redis apart."""
    return str(_env.str("REDIS_PREFIX", default="roomwire"))


def https() -> bool:
    """Off only where clients really speak plain HTTP: a machine talking to itself."""
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
    """Server processes started together: WORKERS, else WEB_CONCURRENCY, else a server's own `--workers`."""
    flag = _WORKERS_FLAG.search("\0".join(sys.argv))
    return max(1, _number("WORKERS", 0) or _number("WEB_CONCURRENCY", 0) or int(flag[1] if flag else 1))


def forwarded_allow_ips() -> str:
    """The proxies whose X-Forwarded-For is believed. uvicorn reads it itself, with this default; empty is nobody."""
    return str(_env.str("FORWARDED_ALLOW_IPS", default="127.0.0.1,::1"))


def email_url(default: str) -> str:
    """The mail server: smtp+tls://user:password@host:587, smtp://host:25, consolemail:// or filemail:///folder."""
    return str(_env.str("EMAIL_URL", default="")) or default


def email_from() -> str:
    return str(_env.str("EMAIL_FROM", default="Roomwire <roomwire@localhost>"))


def email_required() -> bool:
    """On: nobody registers without an e-mail address, or signs in before it is verified."""
    return bool(_env.bool("EMAIL_REQUIRED", default=False))


def site_name() -> str:
    """What mail calls this installation."""
    return str(_env.str("SITE_NAME", default="Roomwire"))


def query_access_tokens(default: bool) -> bool:
    """Off: `?token=` takes only tickets. An access token outlives the logging of the URL that it stands in."""
    return bool(_env.bool("REALTIME_QUERY_ACCESS_TOKENS", default=default))


def admin(default: bool) -> bool:
    """Whether /admin/ is there."""
    return bool(_env.bool("ADMIN", default=default))


def demo(default: bool) -> bool:
    """On: the demo page is at /demo/, and `manage.py seed` makes its users, whose password everybody knows."""
    return bool(_env.bool("ROOMWIRE_DEMO", default=default))


def allauth() -> bool:
    """On: second factors, passkeys and social login (requirements/accounts.txt), after a `migrate` with it on."""
    return bool(_env.bool("ROOMWIRE_ALLAUTH", default=False))


def passkey_domain() -> str:
    """Whose passkeys are taken, and its subdomains'. Empty: those of the host that a request is sent to."""
    return str(_env.str("PASSKEY_DOMAIN", default=""))


def drain_seconds() -> int:
    """How long, at most, a worker that was told to stop takes to send its clients away."""
    return _number("DRAIN_SECONDS", 8)


def drain_announce_seconds() -> int:
    """How long a stopped worker is served to, but not ready, before its port closes: until balancers have noticed."""
    return _number("DRAIN_ANNOUNCE_SECONDS", 0)


def rate_limits() -> bool:
    """Off only for benchmarks."""
    return bool(_env.bool("ROOMWIRE_RATE_LIMITS", default=True))


def _list(name: str, default: list[str]) -> list[str]:
    """Values with commas between them, and white space around them, which means nothing."""
    return [value.strip() for value in _env.list(name, default=default) if value.strip()]


def _number(name: str, default: int) -> int:
    """A whole number; a variable left empty says nothing."""
    text = str(_env.str(name, default="")).strip()
    try:
        return int(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error
