"""The demo page, where ROOMWIRE_DEMO is on: one static file, read anew each time so that editing it is enough."""

from django.http import HttpRequest, HttpResponse

from config import env

_PAGE = env.PROJECT_DIR / "clients" / "examples" / "demo.html"


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_PAGE.read_bytes(), content_type="text/html; charset=utf-8")
