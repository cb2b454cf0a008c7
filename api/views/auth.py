"""Signing up, in and out; where one is signed in; and tickets for the socket."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import devices, models, tickets, users
from accounts.devices import Grant
from accounts.tokens import Identity
from api import client, requests
from api.authentication import identity
from api.idempotency import idempotent
from chat import wire


class Registered(msgspec.Struct, frozen=True):
    user: wire.User


class Tokens(msgspec.Struct, frozen=True):
    """`expires_at` is the access token's; the refresh token works once."""

    access_token: str
    expires_at: wire.Moment
    refresh_token: str
    user: wire.User
    device: UUID


class Ticket(msgspec.Struct, frozen=True):
    """For one handshake: `wss://host/ws/?token=<ticket>`."""

    ticket: str
    expires_at: wire.Moment


class SignedIn(wire.Device, frozen=True):
    """A device that its owner is signed in on; `current` is the one that asks."""

    current: bool


class DeviceList(msgspec.Struct, frozen=True):
    """The latest used first."""

    results: list[SignedIn]


class Anonymous(APIView):
    """A view that whoever has no token may call."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class Register(Anonymous):
    @extend_schema(
        operation_id="auth_register",
        summary="Sign up",
        request=requests.Registration,
        responses={201: Registered},
        tags=["auth"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Registration, request)
        user = users.register(address=client.address(request), **asked)
        return Response(Registered(wire.User(user.id, user.username)), status=201)


class Login(Anonymous):
    @extend_schema(
        operation_id="auth_login",
        summary="Sign in on a new device",
        request=requests.Login,
        responses={200: Tokens},
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Login, request)
        grant = devices.login(
            username=asked["username"],
            password=asked["password"],
            name=asked["device"],
            platform=asked["platform"],
            address=client.address(request),
        )
        return Response(_tokens(grant))


class Refresh(Anonymous):
    @extend_schema(
        operation_id="auth_refresh",
        summary="New tokens for old",
        request=requests.Refresh,
        responses={200: Tokens},
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Refresh, request)
        return Response(_tokens(devices.refresh(**asked)))


class Logout(APIView):
    @extend_schema(
        operation_id="auth_logout", summary="Sign this device out", request=None, responses={204: None}, tags=["auth"]
    )
    def post(self, request: Request) -> Response:
        devices.logout(device_id=identity(request).device_id)
        return Response(status=204)


class LogoutAll(APIView):
    @extend_schema(
        operation_id="auth_logout_all",
        summary="Sign out everywhere",
        request=None,
        responses={204: None},
        tags=["auth"],
        description="Every device is signed out, this one too.",
    )
    def post(self, request: Request) -> Response:
        devices.revoke_all(user_id=identity(request).user_id)
        return Response(status=204)


class Devices(APIView):
    @extend_schema(
        operation_id="auth_devices_list", summary="Where one is signed in", responses={200: DeviceList}, tags=["auth"]
    )
    def get(self, request: Request) -> Response:
        asking = identity(request)
        return Response(DeviceList([_device(row, asking) for row in devices.of(user_id=asking.user_id)]))


class Device(APIView):
    @extend_schema(
        operation_id="auth_devices_revoke",
        summary="Sign one of one's devices out",
        request=None,
        responses={204: None},
        tags=["auth"],
    )
    def delete(self, request: Request, device_id: UUID) -> Response:
        devices.revoke(user_id=identity(request).user_id, device_id=device_id)
        return Response(status=204)


class Tickets(APIView):
    @extend_schema(
        operation_id="auth_ticket",
        summary="A ticket, which opens one socket",
        request=None,
        responses={201: Ticket},
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        issued = tickets.issue(identity=identity(request))
        return Response(Ticket(issued.ticket, issued.expires_at), status=201)


def _device(row: models.Device, asking: Identity) -> SignedIn:
    return SignedIn(**msgspec.structs.asdict(wire.device(row)), current=row.id == asking.device_id)


def _tokens(grant: Grant) -> Tokens:
    user = wire.User(grant.user.id, grant.user.username)
    return Tokens(grant.access_token, grant.expires_at, grant.refresh_token, user, grant.device_id)
