"""The codes with which this server closes a WebSocket: their meaning, and whether clients should reconnect."""

import logging
from enum import IntEnum

from realtime.asgi_types import Send

logger = logging.getLogger(__name__)


class Close(IntEnum):
    """A close code. docs/protocol.md has the same table; a test compares them."""

    SERVER_ERROR = 1011, "server error", "yes, with backoff"
    UNSUPPORTED_DATA = 1003, "binary frame", "no"
    TOO_BIG = 1009, "frame too big", "no"
    RESTARTING = 1012, "restarting", "yes, after the `goodbye` delay"
    BAD_COMMANDS = 4400, "too many frames that are not valid commands", "no"
    UNAUTHENTICATED = 4401, "no, bad, expired or revoked credentials", "after getting a new token"
    FORBIDDEN = 4403, "origin forbidden", "no"
    NOT_FOUND = 4404, "no such room, or not yours to see", "no"
    TOO_SLOW = 4408, "too slow, or no authentication in time", "yes, with backoff"
    TOO_MANY = 4429, "too many connections or commands", "yes, after `retry_after`"

    meaning: str
    reconnect: str

    def __new__(cls, code: int, meaning: str, reconnect: str) -> "Close":
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        member.reconnect = reconnect
        return member


async def close(send: Send, code: Close) -> None:
    """Close a socket under any server, with the code's meaning as the reason.

    Daphne lets an application close with 1000 and from 3000 up, and with nothing else. Raises OSError or RuntimeError
    where the client is gone, or the socket is closed.
    """
    message = {"type": "websocket.close", "code": int(code), "reason": code.meaning}
    try:
        await send(message)
    except (OSError, RuntimeError):
        raise
    except Exception as refusal:
        logger.warning("the server does not close with %s: %s", code, refusal)
        await send(message | {"code": 1000})
