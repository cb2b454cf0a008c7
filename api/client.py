"""Where a request comes from."""

from rest_framework.request import Request

from core import ip_addresses


def address(request: Request) -> str:
    """The client's IP address, as the server that spoke with it or a proxy it trusts says; empty for what is none."""
    return ip_addresses.clean(request.META.get("REMOTE_ADDR"))
