"""Making and digesting the secrets that tokens and codes are.

Each has 256 random bits, so a plain SHA-256 is all a database needs to hold (there is nothing to guess), and a
prefix by which scanners and config/logs.py know it.
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

# A refresh token's constant part: 16 bytes in base64url. It alone opens nothing.
_FAMILY_LENGTH = 22

# 32 bytes in base64url.
_BODY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_CODE_DIGITS = 8


def mint(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def mint_refresh() -> str:
    """The first refresh token of a new family."""
    return REFRESH + secrets.token_urlsafe(16) + secrets.token_urlsafe(32)


def family_of(refresh_token: str) -> str:
    return refresh_token[len(REFRESH) :][:_FAMILY_LENGTH]


def is_access(text: str) -> bool:
    """Whether it looks like an access token: what does not needs no database to be refused."""
    return text.startswith(ACCESS) and _BODY.fullmatch(text[len(ACCESS) :]) is not None


def is_ticket(text: str) -> bool:
    return text.startswith(TICKET) and _BODY.fullmatch(text[len(TICKET) :]) is not None


def successor(refresh_token: str) -> tuple[str, str]:
    """The (access, refresh) tokens that follow a refresh token: always the same ones, for whoever holds it.

    Computed and not drawn, so that a client which lost the answer can be sent again what the database stores only as
    digests. Without this installation's SECRET_KEY nobody can compute them.
    """
    refresh = REFRESH + family_of(refresh_token) + _derived("refresh", refresh_token)
    return ACCESS + _derived("access", refresh_token), refresh


def _derived(kind: str, refresh_token: str) -> str:
    mac = salted_hmac(f"accounts.{kind}", refresh_token, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def mint_code() -> str:
    """Digits, which a phone offers to fill in from its mail."""
    return f"{secrets.randbelow(10**_CODE_DIGITS):0{_CODE_DIGITS}}"


def digest_code(code: str, *context: str) -> str:
    """Keyed: there are so few codes that a plain digest could be undone by trying them all."""
    text = "\0".join((*context, re.sub(r"[\s-]", "", code)))
    return salted_hmac("accounts.code", text.encode("utf-8", "surrogatepass"), algorithm="sha256").hexdigest()


def digest_request(key: str, request: str) -> str:
    """Keyed by the installation's SECRET_KEY and by the request's own idempotency key, of which neither is stored."""
    text = f"{key}\0{request}".encode("utf-8", "surrogatepass")
    return salted_hmac("accounts.request", text, algorithm="sha256").hexdigest()


def seal(text: str, key: str) -> bytes:
    """Encrypt a text that only the holder of `key` can ask for: the database alone does not reveal it."""
    return _cipher(key).encrypt(text.encode())


def unseal(sealed: bytes, key: str) -> str:
    """Decrypt it. Raises cryptography's InvalidToken for what another key sealed, or what was changed since."""
    return _cipher(key).decrypt(sealed).decode()


def _cipher(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(salted_hmac("accounts.seal", key, algorithm="sha256").digest()))
