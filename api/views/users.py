"""Views of the current user: profile, export, erasure and mentions."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import models, users
from api import client, pages, requests
from api.authentication import identity
from api.schema import LIMIT
from chat import mentions, wire
from chat.privacy import erasure, export
from chat.wire_types import Moment


class Me(msgspec.Struct, frozen=True):
    """The current user. `email` is verified, `pending_email` waits for its code; either may be empty."""

    id: UUID
    username: str
    email: str
    pending_email: str
    created_at: Moment


class CurrentUser(APIView):
    @extend_schema(
        operation_id="users_me",
        summary="Get the current user",
        description="`email` is the verified address; `pending_email` waits for its code.",
        responses={200: Me},
    )
    def get(self, request: Request) -> Response:
        return Response(_me(users.get(user_id=identity(request).user_id)))

    @extend_schema(
        operation_id="users_me_change",
        summary="Change the e-mail address of the current user",
        description=(
            "The new address is sent a code. The old address stays in force until the new one is verified; an empty "
            "string removes it at once."
        ),
        request=requests.Profile,
        responses={200: Me},
    )
    def patch(self, request: Request) -> Response:
        asked = requests.read(requests.Profile, request)
        asking = identity(request)
        user = users.change(user_id=asking.user_id, address=client.address(request), **asked)
        return Response(_me(user))


class Erase(APIView):
    @extend_schema(
        operation_id="users_me_erase",
        summary="Erase the current user's account",
        description=(
            "Cannot be undone: messages become tombstones, the user name is replaced by a random one, and every "
            "device is logged out."
        ),
        request=requests.Confirmation,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Confirmation, request)
        erasure.erase(user_id=identity(request).user_id, address=client.address(request), **asked)
        return Response(status=204)


class Export(APIView):
    @extend_schema(
        operation_id="users_me_export",
        summary="Export the current user's data",
        description="Returns everything that is stored about the user as one document.",
        responses={200: export.Export},
    )
    def get(self, request: Request) -> Response:
        kept = export.export(user_id=identity(request).user_id)
        return Response(kept, headers={"Content-Disposition": 'attachment; filename="roomwire.json"'})


class Mentions(APIView):
    @extend_schema(
        operation_id="users_me_mentions",
        summary="List messages that mention the current user",
        description="The most recent message comes first.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.MentionPage},
    )
    def get(self, request: Request) -> Response:
        rows = mentions.list_mentions(user_id=identity(request).user_id)
        return Response(pages.MentionPage(*pages.cursor(request, rows, mentions.to_wire)))


def _me(user: models.User) -> Me:
    return Me(user.id, user.username, user.email, user.pending_email, wire.moment(user.created_at))
