"""Settings of the tutorial's chat."""

import os

import environ

SECRET_KEY = "bench-tutorial"  # noqa: S105 - of a server that lives for minutes
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "channels", "bench.peers.tutorial"]
ASGI_APPLICATION = "bench.peers.tutorial.asgi.application"
DATABASES = {"default": environ.Env.db_url_config(os.environ["DATABASE_URL"]) | {"CONN_MAX_AGE": None}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # All three are in its favour. By the Redis client's defaults, waiting five seconds for a message is an
            # error, and so is a hundred-and-first use at once; by the layer's, messages beyond a hundred are dropped.
            "hosts": [{"address": os.environ["REDIS_URL"], "socket_timeout": None, "max_connections": 10_000}],
            "capacity": 100_000,
            "prefix": "tutorial",
        },
    }
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
