"""What an authenticator app does (RFC 6238), as somebody else would write it."""

import asyncio
import base64
import hashlib
import hmac
import time

PERIOD = 30


def code_at(secret: str, moment: float) -> str:
    digest = hmac.digest(base64.b32decode(secret), int(moment // PERIOD).to_bytes(8), hashlib.sha1)
    start = digest[-1] & 0x0F
    return f"{(int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF) % 10**6:06}"


async def code_now(secret: str) -> str:
    """One that is good for some seconds yet: as a person who sees it about to change would wait."""
    while time.time() % PERIOD > PERIOD - 8:  # noqa: ASYNC110 - it is the clock that is waited for
        await asyncio.sleep(0.1)
    return code_at(secret, time.time())


def wrong_code(secret: str) -> str:
    """One that is not it now, and will not be soon."""
    soon = {code_at(secret, time.time() + seconds) for seconds in range(-PERIOD, 4 * PERIOD, PERIOD)}
    return next(code for code in map("{:06}".format, range(1000)) if code not in soon)
