"""The root of every error a client may see, and those of accounts. chat/errors.py has the others.

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


class Unauthenticated(RoomwireError):
    """No credentials, or ones that are wrong, expired or revoked: which of these is not said."""

    code = "unauthenticated"
    detail = "A valid token is required."


class NotFound(RoomwireError):
    """No such thing, or not yours to see: deliberately one answer."""

    code = "not_found"
    detail = "The resource does not exist, or you may not see it."


class InvalidCredentials(RoomwireError):
    """Unknown user, wrong password and deactivated account are one answer."""

    code = "invalid_credentials"
    detail = "The user name or the password is incorrect."


class UsernameTaken(RoomwireError):
    code = "username_taken"
    detail = "This user name is already taken."


class EmailNotVerified(RoomwireError):
    """Only said to somebody who knows the password."""

    code = "email_not_verified"
    detail = "Verify your e-mail address first. A code has been sent to it."


class SecondFactorRequired(RoomwireError):
    """Only said to somebody who knows the password."""

    code = "second_factor_required"
    detail = "This account requires a second factor: log in at /_allauth/app/v1/auth/login."


class InvalidCode(RoomwireError):
    """Wrong, expired, used, guessed at too often, or never sent: which of these is not said."""

    code = "invalid_code"
    detail = "This code is incorrect or has expired. Request a new one."


class IdempotencyKeyReused(RoomwireError):
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key has already been used for a different request. Use a new key for each request."


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
