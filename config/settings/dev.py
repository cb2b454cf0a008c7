"""Settings of `make run`: one process, SQLite, the channel layer in memory, nothing to install or configure."""

from config import env, services
from config.settings.base import *

DEBUG = True
SECRET_KEY = env.secret_key() or "development-only-" + "x" * 50
ALLOWED_HOSTS = env.allowed_hosts() or ["localhost", "127.0.0.1", "[::1]", env.host()]
CORS_ALLOWED_ORIGINS = env.cors_allowed_origins(
    default=["http://localhost:3000", "http://localhost:5173", "http://localhost:8080"]
)

ADMIN = env.admin(default=True)
DEMO = env.demo(default=True)

# Mail is printed on the console, with its verification codes.
globals().update(services.mail(env.email_url(default="consolemail://")))

LOGGING["loggers"]["uvicorn.access"]["level"] = "INFO"  # noqa: F405
