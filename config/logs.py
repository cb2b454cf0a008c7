"""Keeps secrets out of the logs, whoever writes them: uvicorn logs the query string of every handshake."""

import logging
import re

_SECRET = re.compile(r"\b(rw[art]_)[A-Za-z0-9_-]+")


class RedactSecrets(logging.Filter):
    """Replaces every Roomwire token in a record, which its prefix gives away, before a handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = _SECRET.sub(r"\1[redacted]", message)
        if redacted != message:
            record.msg, record.args = redacted, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _SECRET.sub(r"\1[redacted]", record.exc_text)
        return True
