"""The adapters of django-allauth: settings.ACCOUNT_ADAPTER, MFA_ADAPTER and HEADLESS_ADAPTER.

allauth has no user names, e-mail addresses or passwords of its own here: `accounts` registers users, verifies e-mail
addresses, resets passwords, and checks every password.
"""

import dataclasses
import unicodedata
from functools import partial
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.headless.adapter import DefaultHeadlessAdapter
from allauth.headless.base.response import ConflictResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from accounts import credentials, devices, mail
from accounts.errors import EmailNotVerified, InvalidCredentials, Unauthenticated
from accounts.factors import encryption, request_info
from accounts.factors.device_session import Notes
from accounts.models import User

_CHANGED = """Hello {user.username},

{what} If this was not you, set another password at once, sign out everywhere, and look at your ways to sign in.
"""

_WHAT = {
    "mfa/email/totp_activated": "signing in asks for a code of your app from now on.",
    "mfa/email/totp_deactivated": "signing in no longer asks for a code of your app.",
    "mfa/email/recovery_codes_generated": "you have new recovery codes; the ones before work no more.",
    "mfa/email/webauthn_added": "a passkey or security key was added to your account.",
    "mfa/email/webauthn_removed": "a passkey or security key was removed from your account.",
    "socialaccount/email/account_connected": "another service's account can sign in to yours from now on.",
    "socialaccount/email/account_disconnected": "another service's account can no longer sign in to yours.",
}


class Account(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    def authenticate(self, request: HttpRequest, **given: str) -> User | None:
        """Return the user, or None if the password is wrong. Raises the other errors of `credentials.check`, such as
        RateLimited."""
        try:
            name, password = given["username"], given["password"]
            return credentials.check(name=name, password=password, address=request_info.address(request))
        except InvalidCredentials:
            return None

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(context.request, username=user.username, password=password) == user

    def pre_login(self, request: HttpRequest, user: User, **rest: Any) -> HttpResponse | None:
        """Begin the login of a user who has given one proof of identity; another may be required. Raises
        EmailNotVerified."""
        if request.user.is_authenticated:
            refuse_again(request)
        if settings.EMAIL_REQUIRED and user.is_active and not user.email:
            raise EmailNotVerified
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        response: HttpResponse | None = super().pre_login(request, user, **rest)
        return response

    def login(self, request: HttpRequest, user: User) -> None:
        """Sign in after the last proof. Raises Unauthenticated if the user was deactivated, or the password changed,
        meanwhile."""
        begun = str(request.session.get(HASH_SESSION_KEY, ""))
        if not user.is_active or not constant_time_compare(begun, user.get_session_auth_hash()):
            raise Unauthenticated
        super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.session, Notes):
            devices.logout(device_id=request.session.device_id)
        super().logout(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: users register with a password through Roomwire's own API."""
        return False

    def clean_username(self, username: str, shallow: bool = False) -> str:
        return str(super().clean_username(unicodedata.normalize("NFKC", username), shallow))

    def send_notification_mail(self, template_prefix: str, user: User, *args: Any, **rest: Any) -> None:
        if user.email and template_prefix in _WHAT:
            text = _CHANGED.format(user=user, what=_WHAT[template_prefix])
            mail.mailer.put(partial(mail.send, user.email, "how you sign in", text))


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encryption.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.unseal(encrypted_text)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return the relying party. Pages and apps may use a passkey of their own domain and of its parent domains."""
        host = context.request.get_host().partition(":")[0]
        return {"id": settings.PASSKEY_DOMAIN or host, "name": settings.SITE_NAME}


class Answers(DefaultHeadlessAdapter):  # type: ignore[misc]
    def user_as_dataclass(self, user: User) -> Any:
        return dataclasses.replace(super().user_as_dataclass(user), email=user.email or None)


def refuse_again(request: HttpRequest) -> NoReturn:
    """Refuse a login with an access token: its client is signed in, and a second login would be of the same device."""
    raise ImmediateHttpResponse(ConflictResponse(request))
