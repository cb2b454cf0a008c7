"""Settings of every deployment. DATABASE_URL and REDIS_URL select the services; no other code depends on the choice."""

from datetime import timedelta
from typing import Any

from corsheaders.defaults import default_headers

from config import allauth, env, places, services

BASE_DIR = env.PROJECT_DIR

SECRET_KEY = env.secret_key()
DEBUG = False
ALLOWED_HOSTS = places.require_hosts(env.allowed_hosts())

INSTALLED_APPS = [
    "accounts",  # before django.contrib.auth, to override its `manage.py changepassword`
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "channels",
    "chat",
    "api",
    "realtime",
]

MIDDLEWARE = [
    "api.middleware.answers",
    "config.cors.CorsMiddleware",  # before middleware that may refuse or redirect: pages may read those responses too
    "django.middleware.security.SecurityMiddleware",
    "config.hosts.CommonMiddleware",
    "config.admin_middleware.pages",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": services.database(env.database_url(f"sqlite:///{env.STATE_DIR / 'roomwire.sqlite3'}"))}
REDIS_URL = places.require_redis_url(env.redis_url())
REDIS_PREFIX = env.redis_prefix()
CHANNEL_LAYERS = {"default": services.channel_layer(REDIS_URL, prefix=REDIS_PREFIX)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.Backend"]
# The check requires unique=True on the user name. The unique constraint on Lower("username") is stronger.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = env.STATE_DIR / "static"

# The API is not authenticated by cookies, so pages of other origins need not send any.
CORS_ALLOWED_ORIGINS = places.require_origins(env.cors_allowed_origins(default=[]))
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    # Monitoring tools add these to all requests of a page: Trace Context, Baggage, Sentry, Zipkin, Datadog, New Relic.
    "traceparent",
    "tracestate",
    "baggage",
    "sentry-trace",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "x-datadog-origin",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-tags",
    "x-datadog-trace-id",
    "newrelic",
    *env.cors_allow_headers(),
]
CORS_EXPOSE_HEADERS = ["Retry-After"]

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["api.authentication.SignedIn"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "api.negotiation.AnyAccept",
    "DEFAULT_METADATA_CLASS": "api.negotiation.NoMetadata",
    "DEFAULT_PARSER_CLASSES": ["api.json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["api.json.WireRenderer"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.ProblemAutoSchema",
    "EXCEPTION_HANDLER": "api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Roomwire",
    "DESCRIPTION": (
        "Rooms, messages and their recovery. The WebSocket protocol is in docs/protocol.md.\n\n"
        "Times are RFC 3339 in UTC, always with six digits of a second's fraction and `Z`: "
        r"`2026-11-22T23:10:31.735112Z`, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`. Ids are UUIDs, in either case. "
        "In an optional field of a request null is the same as leaving it out. Ignore fields and event types that are "
        "not described here."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "SORT_OPERATION_PARAMETERS": False,
    # Relative to the server that serves the document.
    "SERVERS": [{"url": "/", "description": "This server"}],
    "POSTPROCESSING_HOOKS": ["api.schema.finish"],
    "PATH_CONVERTER_OVERRIDES": {"id": {"type": "string", "format": "uuid"}},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Sessions authenticate the admin, and WebSockets that pages of this site open. REST does not use them.
SESSION_ENGINE = "accounts.sessions"
ADMIN = env.admin(default=False)
DEMO = env.demo(default=False)
# These checks require the admin's middleware in MIDDLEWARE. It runs only for the admin (config/admin_middleware.py).
SILENCED_SYSTEM_CHECKS += ["admin.E408", "admin.E409", "admin.E410"]

# Accounts.
ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=60)
TICKET_LIFETIME = timedelta(seconds=60)
CODE_LIFETIME = timedelta(minutes=30)
DEVICES_MAX = 50
# How often a server process deletes expired data, and finishes erasures and room deletions that were interrupted.
CLEANUP_INTERVAL = timedelta(minutes=5)
EMAIL_REQUIRED = env.email_required()
# Dotted path of a function that returns whether a user needs a second factor to log in; empty: no user does.
SECOND_FACTOR = ""
PASSKEY_DOMAIN = env.passkey_domain()

# Mail.
globals().update(services.mail(env.email_url(default="dummymail://")))
SITE_NAME = env.site_name()
DEFAULT_FROM_EMAIL = env.email_from()

# Limits (chat): characters, bytes of JSON, rows. The error for an exceeded limit names it.
ROOM_NAME_MAX = 100
ROOM_TOPIC_MAX = 500
REASON_MAX = 200
EMOJI_MAX = 64
# Bounded because each edit rewrites the log's earlier events of the message.
EDITS_PER_MESSAGE = 100
REACTIONS_PER_MESSAGE = 50
MENTIONS_PER_MESSAGE = 50
CUSTOM_NAME_MAX = 48
# In rooms with more members, read markers are not published. With more present users, presence is only their number.
RECEIPTS_MEMBERS_MAX = 100
PRESENCE_USERS_MAX = 100
TYPING_SECONDS = 6.0
# The most positions in one `sync` request.
SYNC_ROOMS_MAX = 1_000
MESSAGE_BODY_MAX = 4_000
MESSAGE_DATA_MAX_BYTES = 16_384
CLIENT_REF_MAX = 100
PAGE_MAX = 200
REQUEST_MAX_BYTES = 65_536

# Messages of one process that may wait for their commit. Further ones are refused with `overloaded`.
WRITER_QUEUE_MAX = 4_096

# Rate limits (accounts/limits.py defines what they count): (requests, seconds in which so many are accepted).
RATE_LIMITS = env.rate_limits()
RATES = {
    "login.address": (60, 600),
    "login.account": (100, 3_600),
    "registration": (30, 3_600),
    "mail.address": (30, 3_600),
    "mail.account": (5, 3_600),
    "mail.recipient": (20, 86_400),
    "code.address": (60, 3_600),
    "code.account": (50, 3_600),
    "tickets": (120, 60),
    "exports": (5, 3_600),
    "handshakes": (600, 60),
    "typing": (4, 8),
}
# Delays: (attempts without delay, longest pause, seconds after which attempts are forgotten). Pauses double from
# DELAY_FIRST_SECONDS.
DELAY_FIRST_SECONDS = 1
DELAYS = {
    "login.pair": (5, 900, 3_600),
    "code.pair": (5, 900, 3_600),
}

# The socket (realtime).
REALTIME_FRAME_MAX_BYTES = 65_536
REALTIME_ROOMS_PER_CONNECTION = 500
REALTIME_HEARTBEAT_SECONDS = 25
REALTIME_AUTHENTICATION_SECONDS = 10
REALTIME_QUERY_ACCESS_TOKENS = env.query_access_tokens(default=True)
REALTIME_EXPIRING_SECONDS = 60
REALTIME_RECHECK_SECONDS = 30
REALTIME_CONNECTIONS_PER_USER = 50
REALTIME_COMMANDS_PER_SECOND = 50
REALTIME_COMMANDS_AT_ONCE = 500
REALTIME_OUTBOX_MAX_BYTES = 1_048_576
# Events of all rooms that a process caches, so that reconnecting clients need no query. The log has all events.
REALTIME_MEMORY_MAX_BYTES = 67_108_864
REALTIME_STALLED_SECONDS = 10
REALTIME_DATABASE_THREADS = 8
REALTIME_GATHER_SECONDS = 0.002
REALTIME_RECONCILE_SECONDS = 1.0
REALTIME_LINGER_SECONDS = 5.0
REALTIME_DRAIN_SECONDS = env.drain_seconds()

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "clients": {"()": "config.logs.NoTracebackForClients"},
        "outages": {"()": "config.logs.OncePerMinute"},
        "redact": {"()": "config.logs.RedactSecrets"},
    },
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["clients", "redact"]}},
    "root": {"handlers": ["console"], "level": env.log_level()},
    # uvicorn and Django install their own handlers. These entries remove them, so that all records pass the filters.
    "loggers": {
        name: {"handlers": [], "level": level, "propagate": True}
        for name, level in {
            "django": env.log_level(),
            "django.server": env.log_level(),
            "uvicorn": env.log_level(),
            "uvicorn.error": env.log_level(),
            "uvicorn.access": "WARNING",  # the proxy writes the access log
        }.items()
    }
    | {"channels_redis.pubsub": {"filters": ["outages"]}},
}

if env.allauth():
    globals().update(allauth.settings(globals()))
