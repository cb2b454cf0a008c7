"""Oneself."""

from uuid import UUID

import msgspec
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import users
from api.authentication import identity
from chat import wire


class Me(msgspec.Struct, frozen=True):
    """What only oneself is told; `email` is empty when none was given."""

    id: UUID
    username: str
    email: str
    created_at: wire.Moment


class CurrentUser(APIView):
    @extend_schema(operation_id="users_me", responses={200: Me}, tags=["users"])
    def get(self, request: Request) -> Response:
        user = users.get(user_id=identity(request).user_id)
        return Response(Me(user.id, user.username, user.email, user.created_at))
