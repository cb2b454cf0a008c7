"""What a login through django-allauth needs and allauth does not read: IP address and device, as at the API's own
login."""

import json
from typing import Any

from django.http import HttpRequest

from core import ip_addresses

# The lengths of the columns in accounts.models.Device.
_NAME_MAX, _PLATFORM_MAX = 100, 32


def address(request: HttpRequest) -> str:
    """Return the client's IP address, as reported by the server or a proxy it trusts; empty if that is not an IP
    address."""
    return ip_addresses.clean(request.META.get("REMOTE_ADDR"))


def device(request: HttpRequest) -> dict[str, str]:
    """Return the device's name (`device` in the request) and `platform`, cut to the lengths of the columns."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = {}
    return {"name": _text(body, "device", _NAME_MAX), "platform": _text(body, "platform", _PLATFORM_MAX)}


def _text(body: Any, field: str, longest: int) -> str:
    value = body.get(field) if isinstance(body, dict) else None
    return value.replace("\0", "")[:longest] if isinstance(value, str) else ""
