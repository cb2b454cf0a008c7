"""What is so now: who has read how far, who is typing, who is there."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.schema import query
from chat import presence, receipts, typists, wire


class Read(APIView):
    @extend_schema(
        operation_id="rooms_readers",
        summary="Up to where everybody has read",
        parameters=[query("limit", "At most this many."), pages.CURSOR],
        responses={200: pages.ReaderPage},
        tags=["rooms"],
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = receipts.of(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.ReaderPage(*pages.cursor(request, rows, receipts.told)))

    @extend_schema(
        operation_id="rooms_read",
        summary="Say up to where one has read",
        request=requests.Position,
        responses={200: wire.ReadMarker},
        tags=["rooms"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Position, request)
        return Response(receipts.read(user_id=identity(request).user_id, room_id=room_id, **asked))


class Typing(APIView):
    @extend_schema(
        operation_id="rooms_typing",
        summary="Say that one is typing, or no more",
        description="It ends by itself after some seconds: say so again while it goes on.",
        request=requests.Typing,
        responses={204: None},
        tags=["rooms"],
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Typing, request)
        tell = typists.start if asked["typing"] else typists.stop
        tell(user_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)


class Presence(APIView):
    @extend_schema(
        operation_id="rooms_presence", summary="Who is there", responses={200: wire.Presence}, tags=["rooms"]
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        return Response(presence.of(user_id=identity(request).user_id, room_id=room_id))
