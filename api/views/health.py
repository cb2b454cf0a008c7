"""For balancers and supervisors: is the process alive, and should it get traffic."""

import threading

from django.http import HttpRequest, JsonResponse

from chat.presence import presence
from core import readiness
from core.announcer import announcer
from core.rate_limits import limiter

_leaving = threading.Event()


def stop_being_ready() -> None:
    """Answer `readyz` with 503 from now on: this process is going to close its port."""
    _leaving.set()


async def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: says nothing of the services behind, or their hiccup would restart every process."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Ready while the database serves. Without Redis the service is slower, not wrong: `degraded`, still 200."""
    if _leaving.is_set():
        return JsonResponse({"status": "draining"}, status=503)
    if fault := readiness.fault():
        return JsonResponse({"status": "unavailable", "database": fault}, status=503)
    parts = {"layer": announcer.probe(), "limits": limiter.probe(), "presence": presence.probe()}
    status = "ok" if all(parts.values()) else "degraded"
    words = {name: "ok" if works else "down" for name, works in parts.items()}
    return JsonResponse({"status": status, "database": "ok", **words})
