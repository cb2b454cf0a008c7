"""The members of a room."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.schema import query
from chat import members, wire


class Members(APIView):
    @extend_schema(
        operation_id="members_list",
        summary="The members of a room",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.MemberPage},
        tags=["members"],
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = members.of(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.MemberPage(*pages.cursor(request, rows, wire.member)))

    @extend_schema(
        operation_id="members_add",
        summary="Take somebody in",
        request=requests.NewMember,
        responses={201: wire.Member, 200: wire.Member},
        tags=["members"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewMember, request)
        user_id = asked["user"]
        joined = members.add(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(joined.member, status=201 if joined.created else 200)


class Member(APIView):
    @extend_schema(operation_id="members_remove", summary="Take somebody out", responses={204: None}, tags=["members"])
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        members.remove(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(status=204)
