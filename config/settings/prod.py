"""Production settings. They raise ImproperlyConfigured for missing or unsafe values instead of guessing."""

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

# TLS ends at the proxy, which reports it in this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = env.https()
# Probes and WebSocket clients don't follow redirects. The response to a request at /ws/ that is not a handshake
# explains which headers a proxy may have dropped (api/views/sockets.py).
SECURE_REDIRECT_EXEMPT = [hosts.PROBES, r"^ws(/|$)"]
SECURE_HSTS_SECONDS = 31_536_000 if env.https() else 0
# Both also apply to other hosts of the domain, so the owner of the domain has to turn them on.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.https() and env.hsts_include_subdomains()
SECURE_HSTS_PRELOAD = env.https() and env.hsts_preload()
# Send the Referer only to this site. With no-referrer browsers would send forms with `Origin: null`, which Django's
# CSRF check refuses, so the login to the admin would fail.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.https()
# The API accepts no cookies, so it needs no CSRF protection and no frame options. The admin has both
# (config/admin_middleware.py).
SILENCED_SYSTEM_CHECKS += ["security.W002", "security.W003", "security.W005", "security.W021"]  # noqa: F405
# Off by default: most proxies log URLs with their query string, and the access token in it is still valid then.
REALTIME_QUERY_ACCESS_TOKENS = env.query_access_tokens(default=False)
