"""Log filters.

RedactSecrets removes secrets from the records of all libraries: uvicorn logs the query string of every handshake, and
at DEBUG the websockets library logs the headers with their cookies, and the beginning and end of every frame. The other
filters limit tracebacks to errors of this process, and repeated errors of libraries to one a minute.
"""

import logging
import re
import time

from core.outages import reason

_REDACTED = r"\1[redacted]"
_RULES = (
    # Tokens, recognized by their prefix anywhere in the text: quoted, escaped or joined to other text.
    (re.compile(r"(rw[art](?:_|%5F))[A-Za-z0-9_-]{16,}", re.IGNORECASE), _REDACTED),
    # The value of any `token=`, in any encoding, valid or not.
    (re.compile(r"(\btoken=)(?!rw[art](?:_|%5F)\[redacted])[^&\s\"']+", re.IGNORECASE), _REDACTED),
    # Headers with secrets, on a line of their own or in a printed list or dictionary.
    (re.compile(r"((?:authorization|cookie|sec-websocket-protocol)(?:: |[\"'][:,] ?)).+", re.IGNORECASE), _REDACTED),
    # The content of frames. Long ones are logged without their middle, so a part of a token has no prefix, or is too
    # short to be recognized.
    (re.compile(r"\A([<>] (?:TEXT|BINARY|CONT) ).*(?= \[[^][]*\]\Z)", re.DOTALL), _REDACTED),
)


def redacted(text: str) -> str:
    for secret, instead in _RULES:
        text = secret.sub(instead, text)
    return text


class RedactSecrets(logging.Filter):
    """A filter that removes secrets from a record before a handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # arguments that don't fit the format: logging itself reports them on stderr
            return True
        without = redacted(message)
        if without != message:
            record.msg, record.args = without, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redacted(record.exc_text)
        return True


class NoTracebackForClients(logging.Filter):
    """A filter that drops the traceback of a request that Django refused: it is an error of the client."""

    def filter(self, record: logging.LogRecord) -> bool:
        refused = record.name.startswith("django.security.") or getattr(record, "status_code", 500) < 500
        if record.name.startswith("django.") and refused:
            record.exc_info = record.exc_text = None
        return True


class OncePerMinute(logging.Filter):
    """A filter that passes each message at most once a minute, with a short reason in place of its traceback.

    For libraries that repeat an error for as long as a service does not answer.
    """

    _SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, text = time.monotonic(), str(record.msg)
        if now - self._last.get(text, -self._SECONDS) < self._SECONDS:
            return False
        self._last[text] = now
        if record.exc_info and record.exc_info[1] is not None:
            record.msg, record.args = "%s: %s", (record.getMessage(), reason(record.exc_info[1]))
            record.exc_info = record.exc_text = None
        return True
