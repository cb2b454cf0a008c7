"""The view at the WebSocket URLs for requests that are not handshakes. Handshakes are handled by realtime/."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import APIException

from api import problems


class UpgradeRequired(APIException):
    status_code = HTTPStatus.UPGRADE_REQUIRED
    default_code = "upgrade_required"
    default_detail = (
        "This is the address of a WebSocket, and the request is not a WebSocket handshake. If a WebSocket client sent"
        " it, a proxy dropped its Upgrade and Connection headers: have the proxy use HTTP/1.1 to this server and pass"
        " them on (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection"
        " upgrade)."
    )


def upgrade_required(request: HttpRequest, room: str | None = None) -> HttpResponse:
    """Answer 426 with the headers that RFC 9110, section 15.5.22, and RFC 6455, section 4.2.2, require."""
    response = problems.answer(UpgradeRequired())
    assert response is not None
    response["Upgrade"] = "websocket"
    response["Connection"] = "Upgrade"
    response["Sec-WebSocket-Version"] = "13"
    return response
