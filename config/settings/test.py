"""The test suite: the production shape on the PostgreSQL and Valkey that tests/plugin.py found or started."""

from config.settings.base import *

SECRET_KEY = "test-only-" + "x" * 50
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
# Argon2 is run by the tests that talk to a server; here its cost would only be waiting.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# All that tests do, they do from one address. The tests of limits turn them on.
RATE_LIMITS = False
