"""`Authorization: Bearer <access token>`, for DRF and for the OpenAPI document."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts import tokens
from accounts.errors import Unauthenticated
from accounts.tokens import Identity


class BearerAuthentication(BaseAuthentication):
    """Authentication by access token. It sets `request.user` to an `accounts.tokens.Identity`."""

    def authenticate(self, request: Request) -> tuple[Identity, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            return tokens.authenticate(token.strip().decode("ascii")), None
        except UnicodeDecodeError as error:
            raise Unauthenticated from error

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SignedIn(IsAuthenticated):
    """A permission for requests with a valid token, and for OPTIONS without one: it reveals only the methods."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method == "OPTIONS" or super().has_permission(request, view)


def identity(request: Request) -> Identity:
    """Return the identity of the user, in a view that requires authentication."""
    user = request.user
    assert isinstance(user, Identity), "the view lets anonymous requests in"
    return user


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An access token from auth/login/."}
