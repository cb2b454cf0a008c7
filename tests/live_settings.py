"""Production, for the servers that tests talk to; but a password costs them next to nothing. (Of a suite on two cores
it was a third of the time. The tests of what time tells, and of storms, say "config.settings.prod".)"""

from datetime import timedelta

from django.contrib.auth.hashers import Argon2PasswordHasher

from config.settings.prod import *  # noqa: F403


class Cheap(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 1, 64, 1


PASSWORD_HASHERS = ["tests.live_settings.Cheap"]

# Tests keep the tokens of people they share for as long as the suite runs, which on a slow machine is longer than
# tokens live in production. Tests of expiry set the moment in the database (tests/tokens.py).
ACCESS_TOKEN_LIFETIME = timedelta(days=1)

# The permission tests compare whole tables before and after a request: no clean-up may run between. Tests of the
# clean-up use the one at a server's start.
CLEANUP_INTERVAL = timedelta(days=1)
