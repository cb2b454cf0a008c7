"""REST only, for Gunicorn in the hybrid deployment: nginx sends /ws/ to uvicorn and the rest here."""

from django.core.wsgi import get_wsgi_application

from config import env

env.settings_module("config.settings.prod")

application = get_wsgi_application()
