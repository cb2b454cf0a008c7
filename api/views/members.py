"""Views of the members of a room: adding and removing them, roles, mutes, the transfer of ownership, and bans."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import LIMIT
from chat import bans, members, wire


class Members(APIView):
    @extend_schema(
        operation_id="members_list",
        summary="List the members of a room",
        description="The member who joined first comes first.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.MemberPage},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = members.list_members(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.MemberPage(*pages.cursor(request, rows, wire.member)))

    @extend_schema(
        operation_id="members_add",
        summary="Add a member to a room",
        description="Owners and moderators. 201 if the user was added, 200 if they were a member.",
        request=requests.Somebody,
        responses={201: wire.Member, 200: wire.Member},
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Somebody, request)
        joined = members.add(actor_id=identity(request).user_id, room_id=room_id, user_id=asked["user"])
        return Response(joined.member, status=201 if joined.created else 200)


class Member(APIView):
    @extend_schema(
        operation_id="members_get",
        summary="Get a member of a room",
        description="The user's role, and until when they are muted.",
        responses={200: wire.Member},
    )
    def get(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        return Response(members.get(user_id=identity(request).user_id, room_id=room_id, member_id=user_id))

    @extend_schema(
        operation_id="members_change",
        summary="Change a member's role",
        description="Owners. A room must keep at least one owner.",
        request=requests.RoleChange,
        responses={200: wire.Member},
    )
    def patch(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        asked = requests.read(requests.RoleChange, request)
        me = identity(request).user_id
        return Response(members.change_role(actor_id=me, room_id=room_id, user_id=user_id, **asked))

    @extend_schema(
        operation_id="members_remove",
        summary="Remove a member from a room",
        description=(
            "Owners and moderators, for members with a lower role than their own. The member can join a public room "
            "again."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        members.remove(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(status=204)


class Mute(APIView):
    @extend_schema(
        operation_id="members_mute",
        summary="Mute a member until a given time",
        description=(
            "Owners and moderators, for members with a lower role than their own. A muted member cannot send, edit or"
            " react."
        ),
        request=requests.Mute,
        responses={200: wire.Member},
    )
    def put(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        asked = requests.read(requests.Mute, request)
        me = identity(request).user_id
        return Response(members.mute(actor_id=me, room_id=room_id, user_id=user_id, until=asked["until"]))

    @extend_schema(
        operation_id="members_unmute",
        summary="Unmute a member",
        description=(
            "Owners and moderators, for members with a lower role than their own. Has no effect on a member who is "
            "not muted."
        ),
        responses={200: wire.Member},
    )
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        me = identity(request).user_id
        return Response(members.mute(actor_id=me, room_id=room_id, user_id=user_id, until=None))


class Transfer(APIView):
    @extend_schema(
        operation_id="rooms_transfer",
        summary="Transfer ownership of the room",
        description=(
            "Owners. `user`, who must be a member, becomes an owner; the current user becomes a moderator. Returns "
            "the new owner."
        ),
        request=requests.Somebody,
        responses={200: wire.Member},
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Somebody, request)
        me = identity(request).user_id
        return Response(members.transfer(actor_id=me, room_id=room_id, user_id=asked["user"]))


class Bans(APIView):
    @extend_schema(
        operation_id="bans_list",
        summary="List the bans of a room",
        description="Owners and moderators.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.BanPage},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = bans.list_bans(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.BanPage(*pages.cursor(request, rows, bans.to_wire)))

    @extend_schema(
        operation_id="bans_add",
        summary="Ban a user from a room",
        description=(
            "Owners and moderators, for users with a lower role than their own. A banned user is removed from the "
            "room and can neither read nor join it. Banning again has no effect."
        ),
        request=requests.NewBan,
        responses={200: wire.Ban},
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.NewBan, request)
        me = identity(request).user_id
        return Response(bans.ban(actor_id=me, room_id=room_id, user_id=asked["user"], reason=asked.get("reason", "")))


class Ban(APIView):
    @extend_schema(
        operation_id="bans_remove",
        summary="Lift a ban",
        description=(
            "Owners and moderators. The user may join again, but is not a member. Has no effect if there is no ban."
        ),
        responses={204: None},
    )
    def delete(self, request: Request, room_id: UUID, user_id: UUID) -> Response:
        bans.unban(actor_id=identity(request).user_id, room_id=room_id, user_id=user_id)
        return Response(status=204)
