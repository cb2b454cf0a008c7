"""Views of read markers, typing notifications and presence."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import pages, requests
from api.authentication import identity
from api.schema import LIMIT
from chat import receipts, typing_notifications, wire
from chat.presence import presence


class Read(APIView):
    @extend_schema(
        operation_id="rooms_readers",
        summary="List the read markers of a room",
        description="How far each member has read.",
        parameters=[LIMIT, pages.CURSOR],
        responses={200: pages.ReaderPage},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        rows = receipts.list_readers(user_id=identity(request).user_id, room_id=room_id)
        return Response(pages.ReaderPage(*pages.cursor(request, rows, receipts.to_wire)))

    @extend_schema(
        operation_id="rooms_read",
        summary="Move the current user's read marker",
        description="A marker never moves backwards: a smaller `seq` has no effect.",
        request=requests.Position,
        responses={200: wire.ReadMarker},
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Position, request)
        return Response(receipts.read(user_id=identity(request).user_id, room_id=room_id, **asked))


class Typing(APIView):
    @extend_schema(
        operation_id="rooms_typing",
        summary="Send a typing notification",
        description="A notification expires after a few seconds: repeat it while the user is typing.",
        request=requests.Typing,
        responses={204: None},
    )
    def post(self, request: Request, room_id: UUID) -> Response:
        asked = requests.read(requests.Typing, request)
        tell = typing_notifications.start if asked["typing"] else typing_notifications.stop
        tell(user_id=identity(request).user_id, room_id=room_id)
        return Response(status=204)


class Presence(APIView):
    @extend_schema(
        operation_id="rooms_presence",
        summary="List the users who are present in a room",
        description="Users with a subscription that asked for presence. In a crowded room only the count is returned.",
        responses={200: wire.Presence},
    )
    def get(self, request: Request, room_id: UUID) -> Response:
        return Response(presence.list_present(user_id=identity(request).user_id, room_id=room_id))
