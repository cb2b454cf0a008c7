"""The WSGI application for REST under Gunicorn, in the hybrid deployment: nginx sends only /ws/ to uvicorn."""

from config import bootstrap, env, proxy_headers

bootstrap.load()

# These imports need the settings and the apps, loaded above.
from config import bodies  # noqa: E402
from config.http import WSGI  # noqa: E402

# Gunicorn ignores X-Forwarded-For. Without the wrapper every client would have the IP address of nginx.
application = proxy_headers.believing(env.forwarded_allow_ips(), bodies.measured(WSGI()))
