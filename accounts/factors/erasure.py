"""Forgetting, with somebody who erases their account, what django-allauth knows of them."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from accounts.models import User


def with_their_user(sender: type[User], instance: User, **_: Any) -> None:
    """After a user was saved: `accounts.users.erase` does that, in its transaction."""
    if instance.erasing_at is None:
        return
    for model in (Authenticator, SocialAccount, EmailAddress):
        model.objects.filter(user_id=instance.id).delete()
