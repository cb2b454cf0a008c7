"""settings.SOCIALACCOUNT_ADAPTER: registration and login with an account at another service.

Users choose a user name by Roomwire's rules. An e-mail address that the service has verified becomes the user's own,
unless another user owns it: accounts are never joined because of an e-mail address, only by their owner, who is signed
in to the one and connects the other. An e-mail address that the service has not verified is only claimed, and is sent a
code.
"""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.base.response import ConflictResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from accounts import credentials, emails, limits
from accounts.errors import UsernameTaken
from accounts.factors import request_info
from accounts.factors.adapters import refuse_again
from accounts.models import User
from core.errors import Invalid, Violation


class Social(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        sociallogin.token = None  # the service's token, which is neither needed nor stored
        if request.user.is_authenticated and sociallogin.state.get("process") == AuthProcess.LOGIN:
            refuse_again(request)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Create the user. Raises Invalid, UsernameTaken or RateLimited."""
        limits.registration(request_info.address(request))
        user: User = sociallogin.user
        user.username = form.cleaned_data["username"]
        user.email, user.pending_email = _addresses(sociallogin, form.cleaned_data.get("email", ""))
        if settings.EMAIL_REQUIRED and not user.email and not user.pending_email:
            raise Invalid(Violation("email", "required", "An e-mail address is required."))
        user.set_unusable_password()
        sociallogin.email_addresses = []  # stored in the user, not in allauth's table
        with transaction.atomic():
            _save(user)
            _connect(request, sociallogin)
            emails.send_code(user)
        return user


def _addresses(sociallogin: Any, typed: str) -> tuple[str, str]:
    """Return the e-mail address that is verified, and the one that is only claimed. At least one of them is empty."""
    said = [(bool(each.verified), User.objects.normalize_email(each.email)) for each in sociallogin.email_addresses]
    verified = [address for is_verified, address in said if is_verified and _free(address)]
    claimed = [User.objects.normalize_email(typed)] if typed else [address for is_verified, address in said]
    return (verified[0], "") if verified else ("", claimed[0] if claimed else "")


def _free(address: str) -> bool:
    return credentials.find(address) == credentials.nobody()


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise UsernameTaken from error


def _connect(request: HttpRequest, sociallogin: Any) -> None:
    try:
        with transaction.atomic():
            sociallogin.save(request)
    except IntegrityError as error:  # a concurrent request connected the same account of the service
        raise ImmediateHttpResponse(ConflictResponse(request)) from error
