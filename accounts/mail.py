"""Sending mail on a thread of its own, so that no response waits for a mail server or reveals by its time whether there
is a recipient.

Mail that can't be sent is tried again a few times. Mail that waits is lost if the process ends; the user can ask for
another.
"""

import atexit
import logging
import os
import queue
import smtplib
import threading
import time
from collections.abc import Callable
from functools import partial

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection

from accounts import limits
from core.errors import RateLimited
from core.outages import reason

logger = logging.getLogger(__name__)

_WAITING = 1_000
_TRIES = 3
_PAUSE_SECONDS = 2.0
_CLOSING_SECONDS = 5.0
# SMTP reply codes from this number on are permanent refusals.
_NO = 500


class Mailer:
    """Runs jobs one after the other. Each job is a function that determines a mail and its recipient, and sends it."""

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, job: Callable[[], None]) -> None:
        """Queue a job; return at once. If the queue is full, the job is dropped and this is logged."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            logger.error("mail queue is full: one message was dropped")
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)
                self._thread.start()

    def flush(self, timeout: float = _CLOSING_SECONDS) -> bool:
        """Wait until all queued jobs are done. Return False if that takes longer than `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while self._jobs.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self._jobs.unfinished_tasks

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            try:
                job()
            except RateLimited:
                logger.warning("mail was not sent: the daily limit of its recipient has been reached")
            except Exception:
                logger.exception("mail was not sent")
            finally:
                connection.close()
                self._jobs.task_done()


mailer = Mailer()
atexit.register(mailer.flush)
os.register_at_fork(after_in_child=mailer._reset)


def send(address: str, subject: str, text: str) -> None:
    """Send a mail now, on the mailer's thread. Raises the mail backend's error after a few attempts, or RateLimited."""
    limits.recipient(address)
    subject = f"{settings.SITE_NAME}: {subject}"
    message = partial(EmailMessage, subject, text, settings.DEFAULT_FROM_EMAIL, [address])
    for attempt in range(_TRIES):
        try:
            message().send()
            return
        except OSError as error:  # smtplib's errors are subclasses of it
            if attempt == _TRIES - 1 or _for_good(error):
                raise
            logger.warning("the mail server refused a message, trying again: %s", reason(error))
            time.sleep(_PAUSE_SECONDS)


def _for_good(error: OSError) -> bool:
    """Return whether the server refused the mail permanently: trying it again would only delay other mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code >= _NO for code, _ in error.recipients.values())
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= _NO
