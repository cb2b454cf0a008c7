"""Production: refuses to start on anything it would have to guess."""

from django.core.exceptions import ImproperlyConfigured

from config import env, hosts
from config.settings.base import *

if len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:  # noqa: F405
    raise ImproperlyConfigured("SECRET_KEY must be set to at least 50 random characters (openssl rand -base64 48).")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:  # noqa: F405
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that clients use, comma-separated.")
if not env.redis_url() and env.workers() > 1:
    raise ImproperlyConfigured(
        f"{env.workers()} workers without REDIS_URL: the in-memory channel layer can't reach the other processes,"
        " so their clients would hear nothing. Set REDIS_URL, or WORKERS=1."
    )
if EMAIL_REQUIRED and not env.email_url(default=""):  # noqa: F405
    raise ImproperlyConfigured("EMAIL_REQUIRED=on needs a mail server: set EMAIL_URL.")
if DEMO and env.https():  # noqa: F405
    raise ImproperlyConfigured(
        "ROOMWIRE_DEMO=on makes users whose password everybody knows, on this machine only (HTTPS=off). Unset it."
    )

# TLS ends at the proxy, which says so in this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.https()
# Probes don't follow redirects. Sockets can't either: a request there that is no handshake shows what a proxy drops.
SECURE_REDIRECT_EXEMPT = [hosts.PROBES, r"^ws(/|$)"]
SECURE_HSTS_SECONDS = 31_536_000 if env.https() else 0
# Both bind hosts that may not be this installation's: they are for whoever owns the domain to ask for.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.https() and env.hsts_include_subdomains()
SECURE_HSTS_PRELOAD = env.https() and env.hsts_preload()
# Of pages of this site, only this site is told. Not no-referrer: browsers then send forms with `Origin: null`, which
# the check against forged requests refuses, so nobody could sign in to the admin.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.https()
# The API takes no cookie, so it has no request to forge and no page worth framing; the admin sees to itself
# (config/admin_middleware.py).
SILENCED_SYSTEM_CHECKS += ["security.W002", "security.W003", "security.W005", "security.W021"]  # noqa: F405
# Proxies that people start from log addresses with their query.
REALTIME_QUERY_ACCESS_TOKENS = env.query_access_tokens(default=False)
