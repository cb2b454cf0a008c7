"""The errors of accounts. core/errors.py has the base class, chat/errors.py the errors of rooms."""

from core.errors import RoomwireError


class Unauthenticated(RoomwireError):
    """The credentials are missing, wrong, expired or revoked; the error does not reveal which."""

    code = "unauthenticated"
    detail = "A valid token is required."


class InvalidCredentials(RoomwireError):
    """The user is unknown, the password is wrong, or the account is deactivated; the error does not reveal which."""

    code = "invalid_credentials"
    detail = "The user name or the password is incorrect."


class UsernameTaken(RoomwireError):
    code = "username_taken"
    detail = "This user name is already taken."


class EmailNotVerified(RoomwireError):
    """The user has no verified e-mail address. Raised only after the user has proved their identity."""

    code = "email_not_verified"
    detail = "Verify your e-mail address first. A code has been sent to it."


class SecondFactorRequired(RoomwireError):
    """A password alone does not sign the user in. Raised only after the password was right."""

    code = "second_factor_required"
    detail = "This account requires a second factor: log in at /_allauth/app/v1/auth/login."


class InvalidCode(RoomwireError):
    """The code is wrong, expired, used, or was never sent; the error does not reveal which."""

    code = "invalid_code"
    detail = "This code is incorrect or has expired. Request a new one."


class IdempotencyKeyReused(RoomwireError):
    code = "idempotency_key_reused"
    detail = "This Idempotency-Key has already been used for a different request. Use a new key for each request."
