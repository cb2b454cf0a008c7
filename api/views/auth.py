"""Views of authentication: registration, login and logout, the user's devices, and tickets for WebSocket handshakes."""

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
from chat.wire_types import Moment


class Registered(msgspec.Struct, frozen=True):
    user: wire.User


class Tokens(msgspec.Struct, frozen=True):
    """`expires_at` is the expiry of the access token; the refresh token works once."""

    access_token: str
    expires_at: Moment
    refresh_token: str
    user: wire.User
    device: UUID


class Ticket(msgspec.Struct, frozen=True):
    """Opens one socket: `wss://host/ws/?token=<ticket>`."""

    ticket: str
    expires_at: Moment


class SignedIn(wire.Device, frozen=True):
    """A device that the user is logged in on; `current` marks the one that sent the request."""

    current: bool


class DeviceList(msgspec.Struct, frozen=True):
    """The most recently used device comes first."""

    results: list[SignedIn]


class Anonymous(APIView):
    """A view that needs no token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)


class Register(Anonymous):
    @extend_schema(
        operation_id="auth_register",
        summary="Register a user",
        description=(
            "The answer has no tokens: log in next. An e-mail address is sent a verification code; whether another "
            "account uses it is not revealed."
        ),
        request=requests.Registration,
        responses={201: Registered},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Registration, request)
        user = users.register(address=client.address(request), **asked)
        return Response(Registered(wire.User(user.id, user.username)), status=201)


class Login(Anonymous):
    @extend_schema(
        operation_id="auth_login",
        summary="Log in on a new device",
        description="Each login creates a device with its own tokens. `username` may be a verified e-mail address.",
        request=requests.Login,
        responses={200: Tokens},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Login, request)
        grant = devices.login(
            username=asked["username"],
            password=asked["password"],
            name=asked.get("device", ""),
            platform=asked.get("platform", ""),
            address=client.address(request),
        )
        return Response(_tokens(grant))


class Refresh(Anonymous):
    @extend_schema(
        operation_id="auth_refresh",
        summary="Exchange a refresh token for new tokens",
        description=(
            "A refresh token works once. Repeating the request after a lost answer returns the same tokens for a "
            "short time; a later repetition revokes the device."
        ),
        request=requests.Refresh,
        responses={200: Tokens},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Refresh, request)
        return Response(_tokens(devices.refresh(**asked)))


class Logout(APIView):
    @extend_schema(
        operation_id="auth_logout",
        summary="Log out this device",
        description="Revokes the tokens of this device and closes its sockets.",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        devices.logout(device_id=identity(request).device_id)
        return Response(status=204)


class LogoutAll(APIView):
    @extend_schema(
        operation_id="auth_logout_all",
        summary="Log out all devices",
        description="Revokes the tokens of every device of the user, this one included, and closes their sockets.",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        devices.revoke_all(user_id=identity(request).user_id)
        return Response(status=204)


class Devices(APIView):
    @extend_schema(
        operation_id="auth_devices_list",
        summary="List the devices of the current user",
        description="The most recently used device comes first; `current` marks the one that sends the request.",
        responses={200: DeviceList},
    )
    def get(self, request: Request) -> Response:
        asking = identity(request)
        return Response(DeviceList([_device(row, asking) for row in devices.list_devices(user_id=asking.user_id)]))


class Device(APIView):
    @extend_schema(
        operation_id="auth_devices_revoke",
        summary="Log out one device of the current user",
        description="Revokes the tokens of that device and closes its sockets.",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, device_id: UUID) -> Response:
        devices.revoke(user_id=identity(request).user_id, device_id=device_id)
        return Response(status=204)


class Tickets(APIView):
    @extend_schema(
        operation_id="auth_ticket",
        summary="Create a ticket for a WebSocket handshake",
        description="A ticket opens one socket, once, within a minute: `wss://host/ws/?token=<ticket>`.",
        request=None,
        responses={201: Ticket},
    )
    def post(self, request: Request) -> Response:
        issued = tickets.issue(identity=identity(request))
        return Response(Ticket(issued.ticket, wire.moment(issued.expires_at)), status=201)


def _device(row: models.Device, asking: Identity) -> SignedIn:
    return SignedIn(**msgspec.structs.asdict(wire.device(row)), current=row.id == asking.device_id)


def _tokens(grant: Grant) -> Tokens:
    user = wire.User(grant.user.id, grant.user.username)
    return Tokens(grant.access_token, wire.moment(grant.expires_at), grant.refresh_token, user, grant.device_id)
