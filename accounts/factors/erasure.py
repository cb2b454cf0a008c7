"""Erasure of what django-allauth stores about a user."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from accounts.models import User


def with_their_user(sender: type[User], instance: User, **_: Any) -> None:
    """Delete allauth's rows of a user whose erasure has begun. Handles post_save, in the transaction of
    `accounts.users.erase`."""
    if instance.erasing_at is None:
        return
    for model in (Authenticator, SocialAccount, EmailAddress):
        model.objects.filter(user_id=instance.id).delete()
