"""Settings of the test suite: like production, with the PostgreSQL and Valkey that tests/plugin.py found or started."""

from config.settings.base import *

SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
# Tests against a running server use Argon2. In all others it would only take time.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# All requests of the tests come from one IP address. The tests of rate limits turn them on.
RATE_LIMITS = False
