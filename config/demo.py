"""The demo page, for ROOMWIRE_DEMO=on: one static file, read for every request so that edits show at once."""

from django.http import HttpRequest, HttpResponse

from config import env

_PAGE = env.PROJECT_DIR / "clients" / "examples" / "demo.html"


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_PAGE.read_bytes(), content_type="text/html; charset=utf-8")
