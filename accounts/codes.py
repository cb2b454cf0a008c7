"""Codes: what somebody proves with that they read the mail of an address. How often one is tried is limited
(accounts/limits.py) and not counted here: a count that was written would tell, by its time, that there is a code."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import secret
from accounts.models import Code, User


def issue(*, user: User, purpose: Code.Purpose, address: str) -> str:
    """A new code, good for CODE_LIFETIME, in place of the one before."""
    code = secret.mint_code()
    expires_at = timezone.now() + settings.CODE_LIFETIME
    fields = {"address": address, "digest": _digest(user, purpose, code), "expires_at": expires_at}
    Code.objects.update_or_create(user=user, purpose=purpose, defaults=fields)
    return code


@transaction.atomic
def spend(*, user: User, purpose: Code.Purpose, code: str) -> str | None:
    """The address that the user's code was sent to, if this is it. It is spent then."""
    good = Code.objects.filter(user=user, purpose=purpose, expires_at__gt=timezone.now())
    row = good.filter(digest=_digest(user, purpose, code)).select_for_update().first()
    if row is None:
        return None
    row.delete()
    return row.address


def _digest(user: User, purpose: Code.Purpose, code: str) -> str:
    return secret.digest_code(code, str(user.id), purpose)
