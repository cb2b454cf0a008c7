"""Rooms: mine, those to discover, a new one, one of them; what becomes of it; joining and leaving."""

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, queries, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import query
from chat import members, rooms, wire


class Rooms(APIView):
    @extend_schema(
        operation_id="rooms_list",
        summary="The rooms that one is in",
        description="Where something happened last comes first.",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.RoomPage},
        tags=["rooms"],
    )
    def get(self, request: Request) -> Response:
        return Response(pages.rooms(request, rooms.mine(user_id=identity(request).user_id)))

    @extend_schema(
        operation_id="rooms_create",
        summary="A new room",
        request=requests.NewRoom,
        responses={201: wire.Room},
        tags=["rooms"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.NewRoom, request)
        return Response(rooms.create(creator_id=identity(request).user_id, **asked), status=201)


class Public(APIView):
    @extend_schema(
        operation_id="rooms_discover",
        summary="The public rooms, newest first",
        parameters=[
            OpenApiParameter("search", str, description="Only those with all these words in their name or topic."),
            query("limit", "At most this many."),
            pages.CURSOR,
        ],
        responses={200: pages.RoomPage},
        tags=["rooms"],
    )
    def get(self, request: Request) -> Response:
        search = queries.text(request, "search") or ""
        return Response(pages.rooms(request, rooms.discover(user_id=identity(request).user_id, search=search)))


class Direct(APIView):
    @extend_schema(
        operation_id="rooms_direct",
        summary="The direct room with somebody",
        description="There is one for each two people: found, or created.",
        request=requests.Somebody,
        responses={201: wire.Room, 200: wire.Room},
        tags=["rooms"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Somebody, request)
        opened = rooms.direct(user_id=identity(request).user_id, peer_id=asked["user"])
        return Response(opened.room, status=201 if opened.created else 200)


class Room(APIView):
    @extend_schema(operation_id="rooms_get", summary="One room", responses={200: wire.Room}, tags=["rooms"])
    def get(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.get(user_id=identity(request).user_id, room_id=room_id))

    @extend_schema(
        operation_id="rooms_change",
        summary="Another name, topic or right",
        request=requests.RoomChange,
        responses={200: wire.Room},
        tags=["rooms"],
    )
    def patch(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.RoomChange, request)
        return Response(rooms.change(actor_id=identity(request).user_id, room_id=room_id, **asked))

    @extend_schema(
        operation_id="rooms_delete",
        summary="Delete a room",
        description="With all that was said there, for everybody.",
        responses={204: None},
        tags=["rooms"],
    )
    def delete(self, request: Request, room_id: UUID) -> Response:
        rooms.delete(actor_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)


class Archive(APIView):
    @extend_schema(
        operation_id="rooms_archive",
        summary="Keep a room as it is",
        request=None,
        responses={200: wire.Room},
        tags=["rooms"],
    )
    def put(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.archive(actor_id=identity(request).user_id, room_id=room_id))

    @extend_schema(operation_id="rooms_unarchive", summary="Use it again", responses={200: wire.Room}, tags=["rooms"])
    def delete(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.unarchive(actor_id=identity(request).user_id, room_id=room_id))


class Join(APIView):
    @extend_schema(
        operation_id="rooms_join",
        summary="Join a public room",
        request=None,
        responses={200: wire.Room},
        tags=["rooms"],
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        return Response(members.join(user_id=identity(request).user_id, room_id=room_id))


class Leave(APIView):
    @extend_schema(
        operation_id="rooms_leave", summary="Leave a room", request=None, responses={204: None}, tags=["rooms"]
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        members.leave(user_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)
