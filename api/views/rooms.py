"""Views of rooms: listing, discovery, creation, changes, archiving and deletion; joining and leaving."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, queries, requests
from api.authentication import identity
from api.idempotency import idempotent
from api.schema import LIMIT, parameter
from chat import fields, members, rooms, wire


class Rooms(APIView):
    @extend_schema(
        operation_id="rooms_list",
        summary="List the current user's rooms",
        description="The room with the latest event comes first.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.RoomPage},
    )
    def get(self, request: Request) -> Response:
        return Response(pages.rooms(request, rooms.list_rooms(user_id=identity(request).user_id)))

    @extend_schema(
        operation_id="rooms_create",
        summary="Create a room",
        description="The current user becomes its owner.",
        request=requests.NewRoom,
        responses={201: wire.Room},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.NewRoom, request)
        return Response(rooms.create(creator_id=identity(request).user_id, **asked), status=201)


class Public(APIView):
    @extend_schema(
        operation_id="rooms_discover",
        summary="List public rooms",
        description=(
            "The newest room comes first. Rooms that are archived, or from which the current user is banned, are left"
            " out."
        ),
        parameters=[
            parameter("search", fields.Search, "Only rooms with all of these words in their name or topic."),
            LIMIT,
            pages.CURSOR,
        ],
        responses={200: pages.RoomPage},
    )
    def get(self, request: Request) -> Response:
        search = queries.text(request, "search") or ""
        return Response(pages.rooms(request, rooms.list_public_rooms(user_id=identity(request).user_id, search=search)))


class Direct(APIView):
    @extend_schema(
        operation_id="rooms_direct",
        summary="Get or create the direct room with another user",
        description="Two users share one direct room: 201 if this request created it, 200 if it existed.",
        request=requests.Somebody,
        responses={201: wire.Room, 200: wire.Room},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        asked = requests.read(requests.Somebody, request)
        opened = rooms.direct(user_id=identity(request).user_id, peer_id=asked["user"])
        return Response(opened.room, status=201 if opened.created else 200)


class Room(APIView):
    @extend_schema(
        operation_id="rooms_get",
        summary="Get a room",
        description="Members can read their rooms; all users who are not banned can read public rooms.",
        responses={200: wire.Room},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.get(user_id=identity(request).user_id, room_id=room_id))

    @extend_schema(
        operation_id="rooms_change",
        summary="Update a room's name, topic or custom-event role",
        description="Owners and moderators. A field that is left out, or null, keeps its value.",
        request=requests.RoomChange,
        responses={200: wire.Room},
    )
    def patch(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.RoomChange, request)
        return Response(rooms.change(actor_id=identity(request).user_id, room_id=room_id, **asked))

    @extend_schema(
        operation_id="rooms_delete",
        summary="Delete a room",
        description="Owners. Deletes the room for all members, with its messages and events; cannot be undone.",
        responses={204: None},
    )
    def delete(self, request: Request, room_id: UUID) -> Response:
        rooms.delete(actor_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)


class Archive(APIView):
    @extend_schema(
        operation_id="rooms_archive",
        summary="Archive a room",
        description="Owners. An archived room can be read but not changed. Archiving it again has no effect.",
        request=None,
        responses={200: wire.Room},
    )
    def put(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.archive(actor_id=identity(request).user_id, room_id=room_id))

    @extend_schema(
        operation_id="rooms_unarchive",
        summary="Unarchive a room",
        description="Owners. The room can be changed again.",
        responses={200: wire.Room},
    )
    def delete(self, request: Request, room_id: UUID) -> Response:
        return Response(rooms.unarchive(actor_id=identity(request).user_id, room_id=room_id))


class Join(APIView):
    @extend_schema(
        operation_id="rooms_join",
        summary="Join a public room",
        description="Joining again has no effect.",
        request=None,
        responses={200: wire.Room},
    )
    @idempotent
    def post(self, request: Request, room_id: UUID) -> Response:
        return Response(members.join(user_id=identity(request).user_id, room_id=room_id))


class Leave(APIView):
    @extend_schema(
        operation_id="rooms_leave",
        summary="Leave a room",
        description="The last owner must transfer the room first. Direct rooms cannot be left.",
        request=None,
        responses={204: None},
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        members.leave(user_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)
