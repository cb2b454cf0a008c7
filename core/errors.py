"""The root of every error that a client may see, and those that belong to no part of the domain.

`code` is public and the same over REST and WebSocket; the HTTP status of each is in api/problems.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with one field of a request."""

    field: str
    code: str
    detail: str


class RoomwireError(Exception):
    """A refusal in words a client can act on. `retry_after` is in seconds."""

    code = "error"
    detail = "The request was refused."
    retry_after: float | None = None

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or type(self).detail
        super().__init__(self.detail)


class Invalid(RoomwireError):
    """The request has the wrong shape or breaks a limit; `violations` says where."""

    code = "invalid"
    detail = "The request is not valid."

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{item.field}: {item.detail}" for item in violations) or None)


class NotFound(RoomwireError):
    """No such thing, or not yours to see: deliberately one answer."""

    code = "not_found"
    detail = "The resource does not exist, or you may not see it."


class RateLimited(RoomwireError):
    code = "rate_limited"
    detail = "Too many requests. Try again later."

    def __init__(self, retry_after: float, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Malformed(RoomwireError):
    """Not JSON at all, or no object with a `type`."""

    code = "malformed"
    detail = "The frame is not a JSON object with a `type`."


class UnknownCommand(RoomwireError):
    code = "unknown_command"
    detail = "Unknown command."


class Unavailable(RoomwireError):
    """The database does not answer. What was asked may be asked again."""

    code = "unavailable"
    detail = "The database is unavailable. Try again."
    retry_after = 1.0


class Overloaded(RoomwireError):
    """More is waiting to be stored than should; nothing was stored of this request."""

    code = "overloaded"
    detail = "The server is overloaded. Try again."
    retry_after = 1.0


class Internal(RoomwireError):
    """A bug of ours; the log has it."""

    code = "internal"
    detail = "Internal server error."
