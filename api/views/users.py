"""Oneself."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import models, users
from api import client, pages, requests
from api.authentication import identity
from api.schema import query
from chat import erasure, export, mentions, wire


class Me(msgspec.Struct, frozen=True):
    """What only oneself is told. `email` is verified; `pending_email` waits for its code. Either may be empty."""

    id: UUID
    username: str
    email: str
    pending_email: str
    created_at: wire.Moment


class CurrentUser(APIView):
    @extend_schema(operation_id="users_me", summary="Oneself", responses={200: Me}, tags=["users"])
    def get(self, request: Request) -> Response:
        return Response(_me(users.get(user_id=identity(request).user_id)))

    @extend_schema(
        operation_id="users_me_change",
        summary="Change the e-mail address",
        request=requests.Profile,
        responses={200: Me},
        tags=["users"],
        description="Another e-mail address, which is sent a code. Until that is brought back the one before counts.",
    )
    def patch(self, request: Request) -> Response:
        asked = requests.read(requests.Profile, request)
        asking = identity(request)
        user = users.change(user_id=asking.user_id, address=client.address(request), **asked)
        return Response(_me(user))


class Erase(APIView):
    @extend_schema(
        operation_id="users_me_erase",
        summary="Erase the account",
        request=requests.Confirmation,
        responses={204: None},
        tags=["users"],
        description="For good: messages become tombstones under a name that says nothing, and every device is out.",
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Confirmation, request)
        erasure.erase(user_id=identity(request).user_id, address=client.address(request), **asked)
        return Response(status=204)


class Export(APIView):
    @extend_schema(
        operation_id="users_me_export",
        summary="All that is kept of oneself",
        responses={200: export.Export},
        tags=["users"],
        description="All that is kept of oneself, as one document.",
    )
    def get(self, request: Request) -> Response:
        kept = export.of(user_id=identity(request).user_id)
        return Response(kept, headers={"Content-Disposition": 'attachment; filename="roomwire.json"'})


class Mentions(APIView):
    @extend_schema(
        operation_id="users_me_mentions",
        summary="Where one was named",
        description="The messages that name one with `@username`, the latest first.",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.MentionPage},
        tags=["users"],
    )
    def get(self, request: Request) -> Response:
        rows = mentions.of(user_id=identity(request).user_id)
        return Response(pages.MentionPage(*pages.cursor(request, rows, mentions.told)))


def _me(user: models.User) -> Me:
    return Me(user.id, user.username, user.email, user.pending_email, user.created_at)
