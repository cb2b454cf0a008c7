"""For balancers and supervisors: is the process alive, and should it get traffic."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from accounts import limiter
from accounts.announcer import announcer
from chat import presence


async def healthz(request: HttpRequest) -> JsonResponse:
    """Alive: says nothing of the services behind, or their hiccup would restart every process."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """Ready while the database answers. Without Redis the service is slower, not wrong: `degraded`, still 200."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "down"}, status=503)
    parts = {"layer": announcer.probe(), "limits": limiter.probe(), "presence": presence.probe()}
    status = "ok" if all(parts.values()) else "degraded"
    words = {name: "ok" if works else "down" for name, works in parts.items()}
    return JsonResponse({"status": status, "database": "ok", **words})
