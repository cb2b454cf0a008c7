"""Identifiers that sort by time of creation (UUID version 7 of RFC 9562; part of Python's library from 3.14 on)."""

import re
import secrets
import time
import uuid

# The only accepted form of an id in text, in either case (RFC 9562, section 4): some platforms write capitals.
PATTERN = "[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"


def uuid7() -> uuid.UUID:
    """Return a UUID of 48 bits of Unix milliseconds and 74 random bits, in addition to the version and the variant."""
    value = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def parse(text: str) -> uuid.UUID:
    """Return the id that a text contains. Raises ValueError for any other text, including other spellings of UUIDs."""
    if not re.fullmatch(PATTERN, text):
        raise ValueError(f"{text[:100]!r} is not an id of the form 8-4-4-4-12.")
    return uuid.UUID(text)
