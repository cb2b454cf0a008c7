"""Codes that are sent by e-mail, and prove that the user reads the mail to an e-mail address.

Attempts are limited (accounts/limits.py), but not counted in a code's row: the time that such a write takes would
reveal that there is a code.
"""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import secret
from accounts.models import Code, User


def issue(*, user: User, purpose: Code.Purpose, address: str) -> str:
    """Return a new code, valid for CODE_LIFETIME. It replaces the user's previous code for the purpose."""
    code = secret.mint_code()
    expires_at = timezone.now() + settings.CODE_LIFETIME
    fields = {"address": address, "digest": _digest(user, purpose, code), "expires_at": expires_at}
    Code.objects.update_or_create(user=user, purpose=purpose, defaults=fields)
    return code


@transaction.atomic
def spend(*, user: User, purpose: Code.Purpose, code: str) -> str | None:
    """Return the e-mail address that the user's code was sent to, and delete the code. Return None if the code is wrong
    or expired."""
    good = Code.objects.filter(user=user, purpose=purpose, expires_at__gt=timezone.now())
    row = good.filter(digest=_digest(user, purpose, code)).select_for_update().first()
    if row is None:
        return None
    row.delete()
    return row.address


def _digest(user: User, purpose: Code.Purpose, code: str) -> str:
    return secret.digest_code(code, str(user.id), purpose)
