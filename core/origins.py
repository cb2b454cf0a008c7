"""Origins: which pages may call the API and open sockets.

An origin is a scheme, a host and a port (RFC 6454). Browsers write it in lower case, in punycode and without the
scheme's default port; other clients do not always.
"""

import logging
import time
from typing import NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

logger = logging.getLogger(__name__)

_PORTS = {"http": 80, "https": 443}
_LOG_SECONDS = 60.0
# The most origins that are remembered and logged per minute: a client can invent any number.
_LOGGED_ORIGINS = 100


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int | None

    @property
    def name(self) -> str:
        """Return the host as it stands in a URL."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def __str__(self) -> str:
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{self.name}{port}"


def parse(text: str) -> Origin | None:
    """Return the origin in its canonical form; None for another text: `null`, or with a path, a user name or an invalid
    port."""
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        return None
    scheme = url.scheme.lower()
    if not url.hostname or url.path or url.query or url.fragment or "@" in url.netloc or text != text.strip():
        return None
    return Origin(scheme, _ascii(url.hostname), port if port is not None else _PORTS.get(scheme))


def is_allowed(text: str, *, host: str) -> bool:
    """Return whether pages of this origin may call: those of CORS_ALLOWED_ORIGINS, and those of this server's own
    `host` (a Host header). If cookies are sent over TLS only, pages of the own host must be as well."""
    origin = parse(text)
    if origin is None:
        return False
    if str(origin) in settings.CORS_ALLOWED_ORIGINS:
        return True
    if origin.scheme not in _PORTS or (origin.scheme != "https" and settings.SESSION_COOKIE_SECURE):
        return False
    own = parse(f"{origin.scheme}://{host}")
    return own is not None and own == origin and validate_host(own.name, settings.ALLOWED_HOSTS)


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return host


class _Refusals:
    """The log of refused origins: each is logged once a minute."""

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}

    def log(self, text: str) -> None:
        now = time.monotonic()
        self._logged = {origin: at for origin, at in self._logged.items() if now - at < _LOG_SECONDS}
        if text in self._logged or len(self._logged) >= _LOGGED_ORIGINS:
            return
        self._logged[text] = now
        origin = parse(text)
        remedy = (
            "no page can have this origin" if origin is None else f"to admit it, add {origin} to CORS_ALLOWED_ORIGINS"
        )
        logger.warning("pages of the origin %.200r are refused; %s", text, remedy)


log_refusal = _Refusals().log
