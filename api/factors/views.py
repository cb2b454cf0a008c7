"""django-allauth's views that need more checks: rate limits for codes, and validation of WebAuthn credentials and of ID
tokens, because allauth would fail with a server error on some malformed ones.
"""

from typing import Any

import jwt
from allauth.headless.mfa import views
from allauth.headless.socialaccount.views import ProviderTokenView
from django.http import HttpResponseBase
from fido2.webauthn import AuthenticationResponse, RegistrationResponse

from accounts.factors import request_info
from accounts.factors.second_factor import Attempt
from core.errors import Malformed

_NO_CREDENTIAL = "The body is not a WebAuthn credential."
_NO_WORD = "The body has no `id_token` with a `kid` and an asymmetric signature."
_SIGNED = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}


class _Limited:
    """A mixin that counts a code towards the rate limits before it is checked, and takes it back if it was right."""

    def handle_input(self, data: Any) -> HttpResponseBase | None:
        asker: Any = self
        user = asker.get_input_kwargs()["user"]
        attempt = Attempt(user=user, address=request_info.address(asker.request))
        attempt.begin()
        refused: HttpResponseBase | None = super().handle_input(data)  # type: ignore[misc]
        if refused is None:
            attempt.succeeded()
        return refused


class Authenticate(_Limited, views.AuthenticateView):  # type: ignore[misc]  # allauth has no types
    """The second step of a login, by a code."""


class Reauthenticate(_Limited, views.ReauthenticateView):  # type: ignore[misc]
    """Reauthentication of a user who is logged in, by a code."""


class _Read:
    """A mixin that refuses a body without a well-formed WebAuthn credential. Raises Malformed."""

    answer: Any = AuthenticationResponse

    def handle_input(self, data: Any) -> HttpResponseBase | None:
        credential = data.get("credential") if data else None
        if credential is not None:
            self._read(credential)
        refused: HttpResponseBase | None = super().handle_input(data)  # type: ignore[misc]
        return refused

    def _read(self, credential: Any) -> None:
        if not isinstance(credential, dict):
            raise Malformed(_NO_CREDENTIAL)
        try:
            self.answer.from_dict(credential)
        except Exception as error:  # fido2 does not check types, so malformed input raises exceptions of any kind
            raise Malformed(_NO_CREDENTIAL) from error


class AuthenticateWebAuthn(_Read, views.AuthenticateWebAuthnView):  # type: ignore[misc]
    """The second step of a login, by a passkey or a security key."""


class ReauthenticateWebAuthn(_Read, views.ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Reauthentication of a user who is logged in, by a passkey or a security key."""


class LoginWebAuthn(_Read, views.LoginWebAuthnView):  # type: ignore[misc]
    """A login by a passkey alone."""


class ManageWebAuthn(_Read, views.ManageWebAuthnView):  # type: ignore[misc]
    """The passkeys and security keys of the user: add, rename and remove them."""

    answer = RegistrationResponse


class ProviderToken(ProviderTokenView):  # type: ignore[misc]
    """A login with a token of another service (social login)."""

    def handle_input(self, data: Any) -> HttpResponseBase | None:
        token = data.get("token") if data else None
        word = token.get("id_token") if isinstance(token, dict) else None
        if isinstance(word, str):
            _look_at(word)
        refused: HttpResponseBase | None = super().handle_input(data)
        return refused


def _look_at(word: str) -> None:
    try:
        header = jwt.get_unverified_header(word)
    except jwt.PyJWTError as error:
        raise Malformed(_NO_WORD) from error
    if "kid" not in header or header.get("alg") not in _SIGNED:
        raise Malformed(_NO_WORD)
