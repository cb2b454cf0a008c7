"""Production, where four are a crowd."""

from config.settings.prod import *  # noqa: F403

PRESENCE_USERS_MAX = 3
