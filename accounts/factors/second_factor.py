"""Second factors: whether a user has one, and checking a code for it."""

from allauth.mfa.models import Authenticator

from accounts import credentials, limits
from accounts.models import User
from core.rate_limits.limiter import Ask, Limit

_ACCOUNT = Limit("factor.account", closed=True)


def needed(user: User) -> bool:
    """Return whether a password alone does not sign this user in. This is the function of settings.SECOND_FACTOR."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user_id=user.id, type__in=kinds).exists())


def proved(user: User, code: str) -> bool:
    """Return whether the code is right: the current one of the user's app, or an unused recovery code. It is accepted
    once."""
    typed = Authenticator.objects.filter(user_id=user.id).exclude(type=Authenticator.Type.WEBAUTHN)
    return any(authenticator.wrap().validate_code(code) for authenticator in typed)


class Attempt(limits.Attempt):
    """One code that is about to be tried by a client that knows the password or holds a token.

    There are so few codes that guesses from many IP addresses are limited to a few per hour in total.
    """

    def __init__(self, *, user: User, address: str | None) -> None:
        super().__init__(name=f"second factor {user.id}", address=address, known=True)
        if not credentials.knows(user, address):
            self._rates.append(Ask(_ACCOUNT, str(user.id)))
