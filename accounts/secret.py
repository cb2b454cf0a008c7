"""Making and digesting the secrets that tokens are.

Each has 256 random bits, so a plain SHA-256 is all a database needs to hold (there is nothing to guess), and a
prefix by which scanners and config/logs.py know it.
"""

import hashlib
import secrets

ACCESS = "rwa_"
REFRESH = "rwr_"
TICKET = "rwt_"

# A refresh token's constant part: 16 bytes in base64url. It alone opens nothing.
_FAMILY_LENGTH = 22


def mint(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def mint_refresh(family: str | None = None) -> str:
    """A refresh token of a new family, or the next one of `family`."""
    return REFRESH + (family or secrets.token_urlsafe(16)) + secrets.token_urlsafe(32)


def family_of(refresh_token: str) -> str:
    return refresh_token[len(REFRESH) :][:_FAMILY_LENGTH]
