"""URL patterns: the API and the probes; the admin, django-allauth and the demo page where they are on."""

from django.conf import settings
from django.contrib.admin import site
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.views import health, sockets
from config import demo, env

urlpatterns = [
    path("api/v1/", include("api.urls")),
    # For plain HTTP requests only: config/asgi.py routes WebSocket handshakes.
    re_path(r"^ws(?:/rooms/(?P<room>[^/]+))?/?$", sockets.upgrade_required),
    re_path(r"^(?:api/v1/)?healthz/?$", health.healthz),
    re_path(r"^(?:api/v1/)?readyz/?$", health.readyz),
]

if settings.ADMIN:
    urlpatterns += [path("admin/", site.urls)]

if env.allauth():
    urlpatterns += [path("_allauth/", include("api.factors.urls"))]

if settings.DEMO:
    urlpatterns += [
        path("", RedirectView.as_view(url="/demo/")),
        path("demo/", demo.page),
    ]
