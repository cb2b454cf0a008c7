"""REST only, for Gunicorn in the hybrid deployment: nginx sends /ws/ to uvicorn and the rest here."""

from config import bootstrap, env, proxy_headers

bootstrap.load()

# These need the settings and the apps, which the line above has loaded.
from config import bodies  # noqa: E402
from config.http import WSGI  # noqa: E402

# Gunicorn takes nothing from X-Forwarded-For: without this every client would have nginx's address.
application = proxy_headers.believing(env.forwarded_allow_ips(), bodies.measured(WSGI()))
