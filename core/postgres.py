"""A connection to PostgreSQL on which every wait ends, and which closes itself once it is of no more use."""

import re
import select
import time
from typing import Any, ClassVar, Self, TypeVar

import psycopg
from psycopg import errors, generators, pq
from psycopg.abc import PQGen

Result = TypeVar("Result")

# The session settings that can be made anew for each transaction, behind a pooler that passes none on to the server.
WAITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
# Set together with them: a session that knows it has received all of `options`.
MARKER = "roomwire.waits"

# PostgreSQL ends a statement after statement_timeout. The client waits a little longer before it gives up by itself,
# which it only has to do when the server does not run, or can't be reached.
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
    # When one connection of this process turned out to be of no use: those that are older lead to the same server.
    _renewed_at: ClassVar[float] = 0.0

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        """Connect. PgBouncer refuses `options`; what is in them is then set at the start of each transaction."""
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
        """Wait as psycopg does, for `patience` at most. Every statement, commit and rollback passes here."""
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
        """Return whether an idle connection is to be replaced: one that ended, or leads where another one failed."""
        if self.closed or self.opened_at <= Connection._renewed_at:
            return True
        # The server says nothing unasked but its last words. What the kernel found out meanwhile is there to read too.
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def end(self) -> None:
        """Close it, and have the older ones replaced: the pool's now, those of threads at their next call."""
        pool = getattr(self, "_pool", None)
        self.close()
        if pool is not None and self.opened_at > Connection._renewed_at:
            Connection._renewed_at = time.monotonic()
            pool.drain()

    def _settle(self, options: str) -> None:
        """Learn whether the session has the settings in `options`, and how long it lets a statement take."""
        marker, seconds = self._ask()
        if MARKER in options and marker != "on":  # empty where a transaction of another client set it
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
        """Begin a transaction where one is needed; the settings that belong to it travel with BEGIN."""
        idle = self.pgconn.transaction_status == pq.TransactionStatus.IDLE
        if not (self._local_settings and idle) or self.autocommit or self._pipeline:
            yield from super()._start_query()
            return
        self.pgconn.send_query(self._get_tx_start_command() + self._local_settings)
        for result in (yield from generators.execute(self.pgconn)):
            if result.status != pq.ExecStatus.COMMAND_OK:
                raise errors.error_from_result(result)


def _ends_connection(error: psycopg.Error) -> bool:
    """Whether there is no use for the connection any more: it broke, the server ends it, or became a standby."""
    if error.sqlstate is None:
        return True
    return error.sqlstate == _READ_ONLY or error.diag.severity_nonlocalized in ("FATAL", "PANIC")


def _settings(options: str) -> list[tuple[str, str]]:
    """The settings that libpq's `options` make, in order; what is no `-c name=value` has no name."""
    return [(name, value or other) for name, value, other in _OPTION.findall(options)]


def _others(options: str) -> str:
    """Those that can't be set for each transaction."""
    return ", ".join(name or value for name, value in _settings(options) if name not in (*WAITS, MARKER))


def _local(options: str) -> bytes:
    return "".join(f"; SET LOCAL {name} = '{value}'" for name, value in dict(_settings(options)).items()).encode()
