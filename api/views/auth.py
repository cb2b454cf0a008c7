"""Signing up, in and out, and tickets for the socket."""

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import devices, tickets, users
from accounts.devices import Grant
from api import requests
from api.authentication import identity
from chat import wire


class Registered(msgspec.Struct, frozen=True):
    user: wire.User


class Tokens(msgspec.Struct, frozen=True):
    """`expires_at` is the access token's; the refresh token works once."""

    access_token: str
    expires_at: wire.Moment
    refresh_token: str
    user: wire.User


class Ticket(msgspec.Struct, frozen=True):
    """For one handshake: `wss://host/ws/?token=<ticket>`."""

    ticket: str
    expires_at: wire.Moment


class _Anonymous(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class Register(_Anonymous):
    @extend_schema(
        operation_id="auth_register", request=requests.Registration, responses={201: Registered}, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        form = requests.Registration(data=request.data)
        form.is_valid(raise_exception=True)
        user = users.register(**form.validated_data)
        return Response(Registered(wire.User(user.id, user.username)), status=201)


class Login(_Anonymous):
    @extend_schema(operation_id="auth_login", request=requests.Login, responses={200: Tokens}, tags=["auth"])
    def post(self, request: Request) -> Response:
        form = requests.Login(data=request.data)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        grant = devices.login(
            username=asked["username"],
            password=asked["password"],
            name=asked["device"],
            address=request.META.get("REMOTE_ADDR") or None,
        )
        return Response(_tokens(grant))


class Refresh(_Anonymous):
    @extend_schema(operation_id="auth_refresh", request=requests.Refresh, responses={200: Tokens}, tags=["auth"])
    def post(self, request: Request) -> Response:
        form = requests.Refresh(data=request.data)
        form.is_valid(raise_exception=True)
        return Response(_tokens(devices.refresh(**form.validated_data)))


class Logout(APIView):
    @extend_schema(operation_id="auth_logout", request=None, responses={204: None}, tags=["auth"])
    def post(self, request: Request) -> Response:
        devices.logout(device_id=identity(request).device_id)
        return Response(status=204)


class Tickets(APIView):
    @extend_schema(operation_id="auth_tickets", request=None, responses={201: Ticket}, tags=["auth"])
    def post(self, request: Request) -> Response:
        issued = tickets.issue(identity=identity(request))
        return Response(Ticket(issued.ticket, issued.expires_at), status=201)


def _tokens(grant: Grant) -> Tokens:
    user = wire.User(grant.user.id, grant.user.username)
    return Tokens(grant.access_token, grant.expires_at, grant.refresh_token, user)
