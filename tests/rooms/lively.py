"""Settings: production as it is tested, but who is typing falls silent soon."""

from tests.live_settings import *  # noqa: F403

TYPING_SECONDS = 1.5
