"""The base class of every error that a client may receive, and the errors that belong to no part of the domain.

`code` is public and the same over REST and WebSocket; the HTTP status of each is in api/problems.py.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A fault in one field of a request."""

    field: str
    code: str
    detail: str


class RoomwireError(Exception):
    """A refusal with a `code` and a `detail` that a client can act on. `retry_after` is in seconds."""

    code = "error"
    detail = "The request was refused."
    retry_after: float | None = None

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or type(self).detail
        super().__init__(self.detail)


class Invalid(RoomwireError):
    """The request has the wrong shape or breaks a limit; `violations` names the fields and the reasons."""

    code = "invalid"
    detail = "The request is not valid."

    def __init__(self, *violations: Violation) -> None:
        self.violations = violations
        super().__init__("; ".join(f"{item.field}: {item.detail}" for item in violations) or None)


class NotFound(RoomwireError):
    """The resource does not exist, or the user may not see it; the error deliberately does not reveal which."""

    code = "not_found"
    detail = "The resource does not exist, or you may not see it."


class RateLimited(RoomwireError):
    code = "rate_limited"
    detail = "Too many requests. Try again later."

    def __init__(self, retry_after: float, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Malformed(RoomwireError):
    """The frame is not JSON, or not an object with a `type`."""

    code = "malformed"
    detail = "The frame is not a JSON object with a `type`."


class UnknownCommand(RoomwireError):
    code = "unknown_command"
    detail = "Unknown command."


class Unavailable(RoomwireError):
    """The database, or the store of rate limits, does not answer. The request may be repeated."""

    code = "unavailable"
    detail = "The database is unavailable. Try again."
    retry_after = 1.0


class Overloaded(RoomwireError):
    """Too much work is waiting, such as messages to store or passwords to hash. Nothing of the request was stored."""

    code = "overloaded"
    detail = "The server is overloaded. Try again."
    retry_after = 1.0


class Internal(RoomwireError):
    """A fault of the server; the log has its cause."""

    code = "internal"
    detail = "Internal server error."
