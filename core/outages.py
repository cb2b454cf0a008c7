"""Log lines about a service that does not answer: the reason at the beginning and then once a minute, and the end."""

import logging
import time
from collections.abc import Callable

_REPEAT_SECONDS = 60.0


def reason(error: BaseException) -> str:
    """Return an error's class and text in one line; for an exception group, those of the first error in it.

    Unlike `repr`, this has the text of redis-py's errors.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Outage:
    """The log lines of one service. `consequence` describes what does not work without it."""

    def __init__(
        self, logger: logging.Logger, service: str, consequence: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._logger, self._service, self._consequence, self._clock = logger, service, consequence, clock
        self._log_again_at: float | None = None

    @property
    def goes_on(self) -> bool:
        return self._log_again_at is not None

    def note(self, error: BaseException | str) -> None:
        """Log a failure, unless one was logged within the last minute."""
        now = self._clock()
        if self._log_again_at is None or now >= self._log_again_at:
            why = error if isinstance(error, str) else reason(error)
            self._logger.warning("%s does not answer, %s: %s", self._service, self._consequence, why)
            self._log_again_at = now + _REPEAT_SECONDS

    def end(self) -> None:
        """Log that the service answers again, if a failure was logged."""
        if self._log_again_at is not None:
            self._log_again_at = None
            self._logger.info("%s answers again", self._service)
