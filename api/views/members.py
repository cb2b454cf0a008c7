"""The members of a room: their coming and going, their roles, and who may be heard."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import query
from chat import bans, members, wire


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
        request=requests.Somebody,
        responses={201: wire.Member, 200: wire.Member},
        tags=["members"],
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Somebody, request)
        joined = members.add(actor_id=identity(request).user_id, room_id=room_id, user_id=asked["user"])
        return Response(joined.member, status=201 if joined.created else 200)


class Member(APIView):
    @extend_schema(operation_id="members_get", summary="One member", responses={200: wire.Member}, tags=["members"])
    def get(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        return Response(members.get(user_id=identity(request).user_id, room_id=room_id, member_id=user_id))

    @extend_schema(
        operation_id="members_change",
        summary="Another role",
        request=requests.RoleChange,
        responses={200: wire.Member},
        tags=["members"],
    )
    def patch(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        asked = requests.read(requests.RoleChange, request)
        me = identity(request).user_id
        return Response(members.change_role(actor_id=me, room_id=room_id, user_id=user_id, **asked))

    @extend_schema(operation_id="members_remove", summary="Take somebody out", responses={204: None}, tags=["members"])
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        members.remove(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(status=204)


class Mute(APIView):
    @extend_schema(
        operation_id="members_mute",
        summary="Not to be heard until a time",
        request=requests.Mute,
        responses={200: wire.Member},
        tags=["members"],
    )
    def put(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        asked = requests.read(requests.Mute, request)
        me = identity(request).user_id
        return Response(members.mute(actor_id=me, room_id=room_id, user_id=user_id, until=asked["until"]))

    @extend_schema(
        operation_id="members_unmute", summary="To be heard again", responses={200: wire.Member}, tags=["members"]
    )
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(members.mute(actor_id=me, room_id=room_id, user_id=user_id, until=None))


class Transfer(APIView):
    @extend_schema(
        operation_id="rooms_transfer",
        summary="Somebody else is the owner",
        description="In one's own place; oneself is a moderator from then on. The answer is the new owner.",
        request=requests.Somebody,
        responses={200: wire.Member},
        tags=["members"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Somebody, request)
        me = identity(request).user_id
        return Response(members.transfer(actor_id=me, room_id=room_id, user_id=asked["user"]))


class Bans(APIView):
    @extend_schema(
        operation_id="bans_list",
        summary="Who may not enter",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.BanPage},
        tags=["members"],
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = bans.of(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.BanPage(*pages.cursor(request, rows, bans.told)))

    @extend_schema(
        operation_id="bans_add",
        summary="Keep somebody out",
        description="Of reading, too. A member is taken out.",
        request=requests.NewBan,
        responses={200: wire.Ban},
        tags=["members"],
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewBan, request)
        me = identity(request).user_id
        return Response(bans.ban(actor_id=me, room_id=room_id, user_id=asked["user"], reason=asked["reason"]))


class Ban(APIView):
    @extend_schema(operation_id="bans_remove", summary="Let them enter again", responses={204: None}, tags=["members"])
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        bans.unban(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(status=204)
