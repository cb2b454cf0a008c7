"""Oneself."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api.authentication import identity
from chat import wire


class Me(APIView):
    @extend_schema(operation_id="users_me", responses={200: wire.User}, tags=["users"])
    def get(self, request: Request) -> Response:
        me = identity(request)
        return Response(wire.User(me.user_id, me.username))
