"""Rooms: mine, a new one, one of them; joining, leaving, reading."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.schema import query
from chat import members, rooms, wire


class Rooms(APIView):
    @extend_schema(
        operation_id="rooms_list",
        summary="The rooms that one is in",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.RoomPage},
        tags=["rooms"],
    )
    def get(self, request: Request) -> Response:
        rows = rooms.mine(user_id=identity(request).user_id)
        return Response(pages.RoomPage(*pages.cursor(request, rows, lambda row: wire.room(row.room, row))))

    @extend_schema(
        operation_id="rooms_create",
        summary="A new room",
        request=requests.NewRoom,
        responses={201: wire.Room},
        tags=["rooms"],
    )
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.NewRoom, request)
        return Response(rooms.create(creator_id=identity(request).user_id, **asked), status=201)


class Room(APIView):
    @extend_schema(operation_id="rooms_get", summary="One room", responses={200: wire.Room}, tags=["rooms"])
    def get(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.get(user_id=identity(request).user_id, room_id=room_id))


class Join(APIView):
    @extend_schema(
        operation_id="rooms_join",
        summary="Join a public room",
        request=None,
        responses={200: wire.Room},
        tags=["rooms"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        return Response(members.join(user_id=identity(request).user_id, room_id=room_id))


class Leave(APIView):
    @extend_schema(
        operation_id="rooms_leave", summary="Leave a room", request=None, responses={204: None}, tags=["rooms"]
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        members.leave(user_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)


class Read(APIView):
    @extend_schema(
        operation_id="rooms_read",
        summary="Say up to where one has read",
        request=requests.Position,
        responses={200: wire.ReadMarker},
        tags=["rooms"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Position, request)
        return Response(members.read(user_id=identity(request).user_id, room_id=room_id, **asked))
