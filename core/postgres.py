"""A PostgreSQL connection with a deadline for every wait, which closes itself once it is unusable."""

import re
import select
import time
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg import errors, generators, pq
from psycopg.abc import PQGen

Result = TypeVar("Result")

# The session settings that can be set for each transaction, behind a pooler that does not pass them to the server.
WAITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
# A setting that is set together with them: a session that has it has received all of `options`.
MARKER = "roomwire.waits"

# PostgreSQL ends a statement after statement_timeout. The client waits longer by this margin before it gives up itself,
# as it must if the server does not run or can't be reached.
_MARGIN_SECONDS = 2.0
_UNTIL_KNOWN_SECONDS = 5.0
_POLL_SECONDS = 0.1
_READ_ONLY = "25006"

_SETTLED = f"""
    SELECT current_setting('{MARKER}', true), extract(epoch FROM current_setting('statement_timeout')::interval)
"""  # noqa: S608
_OPTION = re.compile(r"-c\s*([\w.]+)\s*=\s*((?:\\.|\S)+)|(\S+)")


class Connection(psycopg.Connection[Any]):
    """psycopg's connection, with a deadline for each wait, and the settings in `options` behind any pooler."""

    patience: float | None = _UNTIL_KNOWN_SECONDS
    opened_at = 0.0

    _local_settings = b""
    _options_refused: ClassVar[bool] = False
    # When a connection of this process last proved unusable. Older ones lead to the same server, and are replaced.
    _renewed_at: ClassVar[float] = 0.0

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """Open a connection. If PgBouncer refuses `options`, set what they contain at the start of each transaction."""
        options, started = str(kwargs.get("options") or ""), time.monotonic()
        if cls._options_refused:
            kwargs["options"] = ""
        try:
            made = super().connect(conninfo, **kwargs)
        except psycopg.OperationalError as error:
            if "startup parameter" not in str(error) or _others(options):
                raise
            made = super().connect(conninfo, **kwargs | {"options": ""})
            cls._options_refused = True
        made.opened_at = started
        try:
            made._settle(options)
        except BaseException:
            made.close()
            raise
        return made

    def wait(self, gen: PQGen[Result], interval: float = _POLL_SECONDS, timeout: float | None = None) -> Result:
        """Wait as psycopg does, for `patience` seconds at most. Every statement, commit and rollback waits here."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except errors._WaitTimeout:
            if timeout is not None:
                raise
            self.end()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {self.patience:g} s") from None
        except (psycopg.OperationalError, psycopg.InternalError) as error:
            if _ends_connection(error):
                self.end()
            raise

    def is_over(self) -> bool:
        """Return whether an idle connection must be replaced: it ended, or was opened before another one failed."""
        if self.closed or self.opened_at <= Connection._renewed_at:
            return True
        # On an idle connection the server sends only a final error. An error that the kernel has found is readable too.
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def end(self) -> None:
        """Close the connection, and have older ones replaced: the pool's now, those of threads at their next call."""
        pool = getattr(self, "_pool", None)
        self.close()
        if pool is not None and self.opened_at > Connection._renewed_at:
            Connection._renewed_at = time.monotonic()
            pool.drain()

    def _settle(self, options: str) -> None:
        """Determine whether the session has the settings in `options`, and set `patience` by its statement timeout.
        Raises OperationalError if a pooler ignored options that can't be set for each transaction."""
        marker, seconds = self._ask()
        if MARKER in options and marker != "on":  # empty if another client's transaction has set it
            if others := _others(options):
                raise psycopg.OperationalError(f"the pooler before PostgreSQL ignored these options: {others}")
            self._local_settings = _local(options)
            autocommit = self.autocommit
            self.autocommit = False
            _, seconds = self._ask()
            self.rollback()
            self.autocommit = autocommit
        self.patience = float(seconds) + _MARGIN_SECONDS if seconds else None

    def _ask(self) -> Any:
        return self.execute(_SETTLED).fetchone()

    def _start_query(self) -> PQGen[None]:
        """Begin a transaction where one is needed, and send its local settings together with BEGIN."""
        idle = self.pgconn.transaction_status == pq.TransactionStatus.IDLE
        if not (self._local_settings and idle) or self.autocommit or self._pipeline:
            yield from super()._start_query()
            return
        self.pgconn.send_query(self._get_tx_start_command() + self._local_settings)
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result)


def _ends_connection(error: psycopg.Error) -> bool:
    """Return whether the connection is unusable: it broke, the server ended it, or the server became a standby."""
    if error.sqlstate is None:
        return True
    return error.sqlstate == _READ_ONLY or error.diag.severity_nonlocalized in ("FATAL", "PANIC")


def _settings(options: str) -> list[tuple[str, str]]:
    """Return the settings in libpq's `options`, in order. A part that is not `-c name=value` has an empty name."""
    return [(name, value or other) for name, value, other in _OPTION.findall(options)]


def _others(options: str) -> str:
    """Return the options that can't be set for each transaction."""
    return ", ".join(name or value for name, value in _settings(options) if name not in (*WAITS, MARKER))


def _local(options: str) -> bytes:
    return "".join(f"; SET LOCAL {name} = '{value}'" for name, value in dict(_settings(options)).items()).encode()
