"""Second factors: who has one, and trying a code of theirs."""

from allauth.mfa.models import Authenticator

from accounts import credentials, limits
from accounts.models import User
from core.rate_limits.limiter import Ask, Limit

_ACCOUNT = Limit("factor.account", closed=True)


def needed(user: User) -> bool:
    """settings.SECOND_FACTOR: whether a password alone does not sign this user in."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user_id=user.id, type__in=kinds).exists())


def proved(user: User, code: str) -> bool:
    """Whether this is a code of theirs: of their app for now, or an unused one for recovery. It works once."""
    typed = Authenticator.objects.filter(user_id=user.id).exclude(type=Authenticator.Type.WEBAUTHN)
    return any(authenticator.wrap().validate_code(code) for authenticator in typed)


class Attempt(limits.Attempt):
    """One code that is about to be tried, by somebody who knows the password or holds a token. There are so few codes
    that guesses from many addresses at once are held to some an hour."""

    def __init__(self, *, user: User, address: str | None) -> None:
        super().__init__(name=f"second factor {user.id}", address=address, known=True)
        if not credentials.knows(user, address):
            self._rates.append(Ask(_ACCOUNT, str(user.id)))
