"""What a request to django-allauth says besides what allauth reads: the same things as at our own login."""

import json
from typing import Any

from django.http import HttpRequest

from core import ip_addresses

# As long as accounts.models.Device has room for.
_NAME_MAX, _PLATFORM_MAX = 100, 32


def address(request: HttpRequest) -> str:
    """The client's, as the server that spoke with it or a proxy it trusts says; empty for what is none."""
    return ip_addresses.clean(request.META.get("REMOTE_ADDR"))


def device(request: HttpRequest) -> dict[str, str]:
    """What its owner calls the device (`device` in the request), and its `platform`; cut to what fits."""
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        body = {}
    return {"name": _text(body, "device", _NAME_MAX), "platform": _text(body, "platform", _PLATFORM_MAX)}


def _text(body: Any, field: str, longest: int) -> str:
    value = body.get(field) if isinstance(body, dict) else None
    return value.replace("\0", "")[:longest] if isinstance(value, str) else ""
