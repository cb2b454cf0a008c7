#!/usr/bin/env bash
# django-cors-headers 4.9.0 checks CORS_ALLOWED_ORIGINS at start (a missing scheme or a path is an error). One would guess
# that what passes can match. Origins are compared as text apart from the scheme's case, and browsers send hosts in lower case,
# without the scheme's own port and in punycode: these pass `manage.py check` and admit nobody.
# Seen: no finding of the checks, and no Access-Control-Allow-Origin for any of the four pages.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check django==5.2.19 django-cors-headers==4.9.0
"$folder/venv/bin/python" - <<'PY'
import sys

import django
from django.conf import settings

PAGES = {  # as configured: as a browser sends it
    "https://App.example.com": "https://app.example.com",
    "https://b.example.com:443": "https://b.example.com",
    "https://*.example.net": "https://c.example.net",
    "https://münchen.example": "https://xn--mnchen-3ya.example",
}
settings.configure(
    SECRET_KEY="x",
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["corsheaders"],
    MIDDLEWARE=["corsheaders.middleware.CorsMiddleware"],
    CORS_ALLOWED_ORIGINS=[*PAGES, "HTTPS://d.example.com"],
)
django.setup()

from django.core.checks import run_checks
from django.http import HttpResponse
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import path

setup_test_environment()
urlpatterns = [path("", lambda request: HttpResponse())]


def admitted(origin):
    return "Access-Control-Allow-Origin" in Client().get("/", headers={"origin": origin})


findings = run_checks()
refused = [origin for origin in PAGES.values() if not admitted(origin)]
print(f"checks: {findings}; refused: {refused}; HTTPS://d.example.com admits its page: {admitted('https://d.example.com')}")
sys.exit(bool(findings) or len(refused) != len(PAGES) or not admitted("https://d.example.com"))
PY
