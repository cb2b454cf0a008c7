"""Encryption of secrets that must be read again, so that they can't be stored as digests like passwords and tokens.

The key is derived from SECRET_KEY: a copy of the database alone reveals none of the secrets.
"""

import base64
import logging
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from core.errors import Internal

logger = logging.getLogger(__name__)


def seal(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt a sealed text. Raises Internal if it was encrypted with a SECRET_KEY that is not in the settings."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        logger.error("a second factor's secret could not be decrypted: it was encrypted with another SECRET_KEY")
        raise Internal from error


@cache
def _keys() -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str | bytes) -> bytes:
    return base64.urlsafe_b64encode(salted_hmac("accounts.factors", "", secret=secret, algorithm="sha256").digest())
