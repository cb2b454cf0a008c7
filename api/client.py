"""Where a request comes from."""

import ipaddress

from rest_framework.request import Request


def address(request: Request) -> str:
    """The client's IP address, as the server that spoke with it or a proxy it trusts says; empty for what is none."""
    said = str(request.META.get("REMOTE_ADDR") or "")
    try:
        # Without the network card that a link-local address may name: databases know no such thing.
        return str(ipaddress.ip_address(said.partition("%")[0]))
    except ValueError:
        return ""
