"""The URL patterns of django-allauth: an explicit list, so that a new version adds no endpoints."""

from allauth.headless.account import views as account
from allauth.headless.base import views as base
from allauth.headless.mfa import views as mfa
from allauth.headless.socialaccount import views as social
from allauth.headless.tokens import views as tokens
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import include, path

from api.factors import views
from api.factors.door import through


def nothing(request: HttpRequest) -> HttpResponse:
    """Answer 404. allauth derives the URLs in its OpenAPI document (`schema.merge`) from the one that this view has."""
    raise Http404


app_name = "headless"
_app = [
    path("config", through(base.ConfigView)),
    path("auth/session", through(account.SessionView)),
    path("auth/login", through(account.LoginView)),
    path("auth/reauthenticate", through(account.ReauthenticateView)),
    path("auth/2fa/authenticate", through(views.Authenticate)),
    path("auth/2fa/reauthenticate", through(views.Reauthenticate)),
    path("auth/webauthn/authenticate", through(views.AuthenticateWebAuthn)),
    path("auth/webauthn/reauthenticate", through(views.ReauthenticateWebAuthn)),
    path("auth/webauthn/login", through(views.LoginWebAuthn)),
    path("auth/provider/token", through(views.ProviderToken)),
    path("auth/provider/signup", through(social.ProviderSignupView)),
    path("account/authenticators", through(mfa.AuthenticatorsView)),
    path("account/authenticators/totp", through(mfa.ManageTOTPView)),
    path("account/authenticators/recovery-codes", through(mfa.ManageRecoveryCodesView)),
    path("account/authenticators/webauthn", through(views.ManageWebAuthn)),
    path("account/providers", through(social.ManageProvidersView)),
    path("tokens/refresh", through(tokens.RefreshTokenView)),
]
urlpatterns = [path("app/v1/", include(_app)), path("openapi.yaml", nothing, name="openapi_yaml")]
