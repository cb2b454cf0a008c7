"""Keeps secrets out of the logs, whoever writes them: uvicorn logs the query string of every handshake."""

import logging
import re

# Wherever it stands in a line, quoted, escaped or run together with something.
_SECRET = re.compile(r"(rw[art](?:_|%5F))[A-Za-z0-9_-]{16,}")


class RedactSecrets(logging.Filter):
    """Replaces every Roomwire token in a record, which its prefix gives away, before a handler formats it."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except Exception:  # arguments that don't fit: logging itself reports it, on stderr
            return True
        redacted = _SECRET.sub(r"\1[redacted]", message)
        if redacted != message:
            record.msg, record.args = redacted, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = _SECRET.sub(r"\1[redacted]", record.exc_text)
        return True
