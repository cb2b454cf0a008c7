"""ROOMWIRE_ALLAUTH=on: what django-allauth adds to the settings, for its second factors, passkeys and social login.

What it could do besides (registering, verifying addresses, resetting passwords) is the core's, and has no address.
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
    # The services whose word an app can bring as a token. With the others, GitHub among them, signing in goes through
    # pages and cookies of ours, and there are none.
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
    "ACCOUNT_LOGIN_METHODS": {"username"},  # or a verified address in its place, as at our own login
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "email"],
    "ACCOUNT_USER_MODEL_EMAIL_FIELD": None,
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "ACCOUNT_REAUTHENTICATION_REQUIRED": True,
    # Ours stand at every door (api/factors), and count in one place for all processes.
    "ACCOUNT_RATE_LIMITS": False,
    "MFA_RATE_LIMITS": False,
    "MFA_ADAPTER": "accounts.factors.adapters.Factors",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_PASSKEY_LOGIN_ENABLED": True,
    # Always a finger, a face or a PIN. With "preferred", a challenge for a second step, which any key may answer,
    # could be answered where a passkey alone signs in: a stolen key would do.
    "MFA_WEBAUTHN_USER_VERIFICATION": "required",
    "SOCIALACCOUNT_ADAPTER": "accounts.factors.social.Social",
    "SOCIALACCOUNT_AUTO_SIGNUP": False,  # people choose their name
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
    """Where allauth remembers that a code was used: one place for all processes."""
    if not redis_url:
        return {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    options = {"serializer": "config.allauth.Json", "socket_timeout": 1, "socket_connect_timeout": 1}
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"default": {"BACKEND": backend, "LOCATION": redis_url, "KEY_PREFIX": prefix, "OPTIONS": options}}


class Json:
    """Django's own would unpickle, and so run, whatever stands in Redis."""

    def dumps(self, value: Any) -> bytes:
        return msgspec.json.encode(value)

    def loads(self, data: bytes) -> Any:
        return msgspec.json.decode(data)
