"""Views of passwords and e-mail verification: change a password, reset it with a code, verify an e-mail address."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import emails, passwords
from api import client, requests
from api.authentication import identity
from api.views.auth import Anonymous


class Password(APIView):
    @extend_schema(
        operation_id="auth_password_change",
        summary="Change the password",
        description="Logs out every other device.",
        request=requests.PasswordChange,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.PasswordChange, request)
        asking = identity(request)
        passwords.change(
            user_id=asking.user_id,
            device_id=asking.device_id,
            address=client.address(request),
            **asked,
        )
        return Response(status=204)


class Forgotten(Anonymous):
    @extend_schema(
        operation_id="auth_password_forgotten",
        summary="Request a code to reset the password",
        description=(
            "Sends a code to the verified e-mail address of the account. The answer is the same if there is no such "
            "account or address."
        ),
        request=requests.Forgotten,
        responses={202: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Forgotten, request)
        passwords.forgotten(name=asked["username"], address=client.address(request))
        return Response(status=202)


class Reset(Anonymous):
    @extend_schema(
        operation_id="auth_password_reset",
        summary="Reset the password with a code",
        description="Logs out every device.",
        request=requests.Reset,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Reset, request)
        passwords.reset(
            name=asked["username"],
            code=asked["code"],
            new_password=asked["new_password"],
            address=client.address(request),
        )
        return Response(status=204)


class EmailCode(Anonymous):
    @extend_schema(
        operation_id="auth_email_code",
        summary="Request another code to verify an e-mail address",
        description=(
            "Sends another code to an address that is not verified yet. The answer is the same if there is none."
        ),
        request=requests.Forgotten,
        responses={202: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Forgotten, request)
        emails.send_again(name=asked["username"], address=client.address(request))
        return Response(status=202)


class EmailVerify(Anonymous):
    @extend_schema(
        operation_id="auth_email_verify",
        summary="Verify an e-mail address with a code",
        description="The address that the code was sent to becomes the address of the account.",
        request=requests.Verification,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Verification, request)
        emails.verify(name=asked["username"], code=asked["code"], address=client.address(request))
        return Response(status=204)
