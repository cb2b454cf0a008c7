"""Liveness and readiness probes, for load balancers and supervisors."""

import threading

from django.http import HttpRequest, JsonResponse

from chat.presence import presence
from core import readiness
from core.announcer import announcer
from core.rate_limits import limiter

_leaving = threading.Event()


def stop_being_ready() -> None:
    """Answer `readyz` with 503 from now on, because this process is about to close its port."""
    _leaving.set()


async def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the process is alive. Other services are not checked: their outage would restart all processes."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the database serves requests, otherwise 503. Without Redis the server works, but slower: then
    the status is `degraded`, with 200."""
    if _leaving.is_set():
        return JsonResponse({"status": "draining"}, status=503)
    if fault := readiness.fault():
        return JsonResponse({"status": "unavailable", "database": fault}, status=503)
    parts = {"layer": announcer.probe(), "limits": limiter.probe(), "presence": presence.probe()}
    status = "ok" if all(parts.values()) else "degraded"
    words = {name: "ok" if works else "down" for name, works in parts.items()}
    return JsonResponse({"status": status, "database": "ok", **words})
