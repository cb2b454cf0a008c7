"""Settings of django-allauth, for ROOMWIRE_ALLAUTH=on: second factors, passkeys and social login.

Registration, e-mail verification and password resets stay with Roomwire: allauth's endpoints for them have no URL.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

import msgspec
from django.core.exceptions import ImproperlyConfigured

_APPS = [
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "allauth.socialaccount",
    # The providers whose tokens an app can send. The others, such as GitHub, need pages and cookies of the server,
    # which Roomwire does not have.
    "allauth.socialaccount.providers.apple",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "accounts.factors",
]

_OURS = {
    "SECOND_FACTOR": "accounts.factors.second_factor.needed",
    "HEADLESS_ONLY": True,
    "HEADLESS_CLIENTS": ("app",),
    "HEADLESS_TOKEN_STRATEGY": "accounts.factors.strategy.DeviceTokens",
    "HEADLESS_ADAPTER": "accounts.factors.adapters.Answers",
    "ACCOUNT_ADAPTER": "accounts.factors.adapters.Account",
    "ACCOUNT_LOGIN_METHODS": {"username"},  # or a verified e-mail address, as in the API's own login
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "email"],
    "ACCOUNT_USER_MODEL_EMAIL_FIELD": None,
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
    # Roomwire's rate limits apply to every endpoint (api/factors), and count for all processes together.
    "ACCOUNT_RATE_LIMITS": False,
    "MFA_RATE_LIMITS": False,
    "MFA_ADAPTER": "accounts.factors.adapters.Factors",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    # Always require a fingerprint, a face or a PIN. With "preferred", the challenge of a second step, which any key may
    # answer, could be used at the login by passkey alone: a stolen key would be enough.
    "MFA_WEBAUTHN_USER_VERIFICATION": "required",
    "SOCIALACCOUNT_ADAPTER": "accounts.factors.social.Social",
    "SOCIALACCOUNT_AUTO_SIGNUP": False,  # users choose their user name
}


def settings(base: Mapping[str, Any]) -> dict[str, Any]:
    if find_spec("allauth") is None:
        raise ImproperlyConfigured("ROOMWIRE_ALLAUTH=on needs what is in requirements/accounts.txt.")
    return _OURS | {
        "INSTALLED_APPS": [*base["INSTALLED_APPS"], *_APPS],
        "MIDDLEWARE": [*base["MIDDLEWARE"], "allauth.account.middleware.AccountMiddleware"],
        "CORS_ALLOW_HEADERS": [*base["CORS_ALLOW_HEADERS"], "x-session-token"],
        "CACHES": _caches(base["REDIS_URL"], base["REDIS_PREFIX"]),
        "RATES": base["RATES"] | {"factor.account": (10, 3_600)},
        "SPECTACULAR_SETTINGS": base["SPECTACULAR_SETTINGS"]
        | {"POSTPROCESSING_HOOKS": ["api.schema.finish", "api.factors.schema.merge"]},
        "MFA_TOTP_ISSUER": base["SITE_NAME"],
    }


def _caches(redis_url: str, prefix: str) -> dict[str, Any]:
    """Return the `CACHES` entry in which allauth records used codes: Redis for all processes, or memory without it."""
    if not redis_url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    options = {"serializer": "config.allauth.Json", "socket_timeout": 1, "socket_connect_timeout": 1}
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": redis_url, "KEY_PREFIX": prefix, "OPTIONS": options}}


class Json:
    """A cache serializer. Django's default unpickles the data, so it would run code that was written to Redis."""

    def dumps(self, value: Any) -> bytes:
        return msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)
