"""Addresses: the API, the probes, and in development a page to try it all on."""

from django.conf import settings
from django.contrib.admin import site
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from api.views import health, sockets
from config import demo, env

handler400 = "api.problems.bad_request"
handler404 = "api.problems.page_not_found"
handler500 = "api.problems.server_error"

urlpatterns = [
    path("api/v1/", include("api.urls")),
    # Handshakes never come here: see config/asgi.py.
    re_path(r"^ws(?:/rooms/(?P<room>[^/]+))?/?$", sockets.upgrade_required),
    re_path(r"^(?:api/v1/)?healthz/?$", health.healthz),
    re_path(r"^(?:api/v1/)?readyz/?$", health.readyz),
]

if settings.ADMIN:
    urlpatterns += [path("admin/", site.urls)]

if env.allauth():
    urlpatterns += [path("_allauth/", include("api.factors.urls"))]

if settings.DEBUG:
    urlpatterns += [
        path("", RedirectView.as_view(url="/demo/")),
        path("demo/", demo.page),
    ]
