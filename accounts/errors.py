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
    detail = "A valid token is needed."


class NotFound(RoomwireError):
    """No such thing, or not yours to see: deliberately one answer."""

    code = "not_found"
    detail = "There is no such thing, or it is not yours to see."


class InvalidCredentials(RoomwireError):
    """Unknown user, wrong password and deactivated account are one answer."""

    code = "invalid_credentials"
    detail = "The name or the password is not right."


class UsernameTaken(RoomwireError):
    code = "username_taken"
    detail = "Somebody else has this user name."


class EmailNotVerified(RoomwireError):
    """Only said to somebody who knows the password."""

    code = "email_not_verified"
    detail = "Verify the e-mail address first: a code was sent to it."


class SecondFactorRequired(RoomwireError):
    """Only said to somebody who knows the password."""

    code = "second_factor_required"
    detail = "This account has a second factor: sign in at /_allauth/app/v1/auth/login."


class InvalidCode(RoomwireError):
    """Wrong, expired, used, guessed at too often, or never sent: which of these is not said."""

    code = "invalid_code"
    detail = "This code is not right, or no longer. Ask for another one."


class IdempotencyKeyReused(RoomwireError):
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key was sent here with another body. Choose a new one for each request."


class RateLimited(RoomwireError):
    code = "rate_limited"
    detail = "Too many attempts. Try again later."

    def __init__(self, retry_after: float, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Malformed(RoomwireError):
    """Not JSON at all, or no object with a `type`."""

    code = "malformed"
    detail = "This is not a JSON object with a type."


class UnknownCommand(RoomwireError):
    code = "unknown_command"
    detail = "There is no such command."


class Unavailable(RoomwireError):
    """The database does not answer. What was asked may be asked again."""

    code = "unavailable"
    detail = "The database did not answer. Try again."
    retry_after = 1.0


class Overloaded(RoomwireError):
    """More is waiting to be stored than should; nothing was stored of this request."""

    code = "overloaded"
    detail = "The server has too much to do. Try again."
    retry_after = 1.0


class Internal(RoomwireError):
    """A bug of ours; the log has it."""

    code = "internal"
    detail = "Something went wrong on the server."
