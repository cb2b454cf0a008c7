"""The errors of accounts. core/errors.py has the root, chat/errors.py those of rooms."""

from core.errors import RoomwireError


class Unauthenticated(RoomwireError):
    """No credentials, or ones that are wrong, expired or revoked: which of these is not said."""

    code = "unauthenticated"
    detail = "A valid token is required."


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
