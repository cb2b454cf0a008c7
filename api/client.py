"""The client's IP address of a request."""

from rest_framework.request import Request

from core import ip_addresses


def address(request: Request) -> str:
    """Return the client's IP address, as reported by the server or a trusted proxy; empty if it is not a valid one."""
    return ip_addresses.clean(request.META.get("REMOTE_ADDR"))
