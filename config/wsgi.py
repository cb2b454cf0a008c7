"""REST only, for Gunicorn in the hybrid deployment: nginx sends /ws/ to uvicorn and the rest here."""

import django

from config import env, forwarded

env.settings_module("config.settings.prod")
django.setup(set_prefix=False)

# This needs the settings and the apps, which the line above has loaded.
from config.http import WSGI  # noqa: E402

# Gunicorn takes nothing from X-Forwarded-For: without this every client would have nginx's address.
application = forwarded.believing(env.forwarded_allow_ips(), WSGI())
