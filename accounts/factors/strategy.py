"""settings.HEADLESS_TOKEN_STRATEGY: a login through django-allauth returns a device's tokens, as the API's own login
does, and the device's access token authenticates requests to allauth.

Between the steps of a login (the password was right, the code is still missing) allauth needs a session, whose key is
the client's `X-Session-Token` for 15 minutes. It ends when the device's tokens are issued.
"""

from typing import Any

from allauth.account.internal.flows import login
from allauth.headless.tokens.strategies.base import AbstractTokenStrategy
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from accounts import devices, secret, tokens, users
from accounts.errors import Unauthenticated
from accounts.factors import device_session, request_info
from accounts.sessions import SessionStore

_PENDING_SECONDS = 900
# How the user signed in, which allauth's responses contain.
_KEPT = (login.AUTHENTICATION_METHODS_SESSION_KEY, login._AUTHENTICATION_METHODS_USER_SESSION_KEY)


class DeviceTokens(AbstractTokenStrategy):  # type: ignore[misc]  # allauth has no types
    def get_session_token(self, request: HttpRequest) -> str | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return super().get_session_token(request)  # type: ignore[no-any-return]
        if not secret.is_access(token.strip()):
            raise Unauthenticated
        return token.strip()

    def lookup_session(self, session_token: str) -> SessionBase | None:
        """Return the session of an access token, or of the key of a pending login. None for any other key. Raises
        Unauthenticated for an access token that is not valid."""
        if secret.is_access(session_token):
            identity = tokens.authenticate(session_token)
            return device_session.of(identity.device_id, users.get(user_id=identity.user_id))
        session = SessionStore(session_token)
        somebodys = SESSION_KEY in session  # a browser session, which is not accepted here
        return session if session.session_key and not somebodys else None

    def create_session_token(self, request: HttpRequest) -> str:
        """Return the key of a pending login's session. A user who is signed in has an access token, and gets an empty
        text."""
        if request.user.is_authenticated:
            return ""
        request.session.set_expiry(_PENDING_SECONDS)
        if not request.session.session_key:
            request.session.save()
        return str(request.session.session_key)

    def create_access_token_payload(self, request: HttpRequest) -> dict[str, Any]:
        """Return the tokens of a login. allauth calls this for each response that it builds, and discards some of
        these: the tokens are kept, so that one login creates one device."""
        marks = request.allauth.headless  # type: ignore[attr-defined]
        if not hasattr(marks, "payload"):
            marks.payload = _sign_in(request)
        payload: dict[str, Any] = marks.payload
        return payload

    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        try:
            grant = devices.refresh(refresh_token=refresh_token)
        except Unauthenticated:
            return None
        return grant.access_token, grant.refresh_token


def _sign_in(request: HttpRequest) -> dict[str, Any]:
    assert request.user.is_authenticated
    grant = devices.grant(user=request.user, address=request_info.address(request), **request_info.device(request))
    own = device_session.of(grant.device_id, grant.user)
    own.update({name: request.session[name] for name in _KEPT if name in request.session})
    request.session.flush()
    request.session = own
    SessionStore.clear_expired()
    return {
        "access_token": grant.access_token,
        "refresh_token": grant.refresh_token,
        "expires_in": int((grant.expires_at - timezone.now()).total_seconds()),
        "device": str(grant.device_id),
    }
