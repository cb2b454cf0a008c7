"""Generation and digests of tokens and codes.

A token has 256 random bits: a plain SHA-256 digest in the database can't be reversed by guessing. It has a prefix by
which scanners and config/logs.py recognize it.
"""

import base64
import hashlib
import re
import secrets

from cryptography.fernet import Fernet
from django.utils.crypto import salted_hmac

ACCESS = "rwa_"
REFRESH = "rwr_"
TICKET = "rwt_"

# The constant part of a refresh token: 16 bytes in base64url. It does not authenticate a client.
_FAMILY_LENGTH = 22

# 32 bytes in base64url.
_BODY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CODE_DIGITS = 8


def mint(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def mint_refresh() -> str:
    """Return the first refresh token of a new family."""
    return REFRESH + secrets.token_urlsafe(16) + secrets.token_urlsafe(32)


def family_of(refresh_token: str) -> str:
    return refresh_token[len(REFRESH) :][:_FAMILY_LENGTH]


def is_access(text: str) -> bool:
    """Return whether the text has the form of an access token. Any other text can be refused without a query."""
    return text.startswith(ACCESS) and _BODY.fullmatch(text[len(ACCESS) :]) is not None


def is_ticket(text: str) -> bool:
    return text.startswith(TICKET) and _BODY.fullmatch(text[len(TICKET) :]) is not None


def successor(refresh_token: str) -> tuple[str, str]:
    """Return the (access, refresh) tokens that follow a refresh token: always the same ones for the same token.

    They are derived, not drawn, so that a client that lost the response can receive them again although the database
    has only their digests. Deriving them requires this installation's SECRET_KEY.
    """
    refresh = REFRESH + family_of(refresh_token) + _derived("refresh", refresh_token)
    return ACCESS + _derived("access", refresh_token), refresh


def _derived(kind: str, refresh_token: str) -> str:
    mac = salted_hmac(f"accounts.{kind}", refresh_token, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def mint_code() -> str:
    """Return eight digits, which a phone offers to fill in from the mail."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"


def digest_code(code: str, *context: str) -> str:
    """Return a keyed digest of a code: there are so few codes that a plain digest could be reversed by trying all."""
    text = "\0".join((*context, re.sub(r"[\s-]", "", code)))
    return salted_hmac("accounts.code", text.encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()


def digest_request(key: str, request: str) -> str:
    """Return a digest of a request, keyed by SECRET_KEY and by the request's idempotency key. Neither is stored."""
    text = f"{key}\0{request}".encode("utf-8", "surrogatepass")
    return salted_hmac("accounts.request", text, algorithm="sha256").hexdigest()


def seal(text: str, key: str) -> bytes:
    """Encrypt a text for the holder of `key`: the database alone does not reveal it."""
    return _cipher(key).encrypt(text.encode())


def unseal(sealed: bytes, key: str) -> str:
    """Decrypt a sealed text. Raises cryptography's InvalidToken if the key is another one or the text was modified."""
    return _cipher(key).decrypt(sealed).decode()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac("accounts.seal", key, algorithm="sha256").digest()))
