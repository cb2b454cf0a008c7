"""`make run`: one process, SQLite, the channel layer in memory, nothing to install or configure."""

from config import env
from config.settings.base import *

DEBUG = True
SECRET_KEY = env.secret_key() or "development-only-" + "x" * 50
ALLOWED_HOSTS = env.allowed_hosts() or ["localhost", "127.0.0.1", "[::1]", env.host()]
CORS_ALLOWED_ORIGINS = env.cors_allowed_origins(
    default=["http://localhost:3000", "http://localhost:5173", "http://localhost:8080"]
)

LOGGING["loggers"]["uvicorn.access"]["level"] = "INFO"  # noqa: F405
