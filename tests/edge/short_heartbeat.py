"""Settings of a server that expects the answer to its pings soon."""

from tests.live_settings import *  # noqa: F403

REALTIME_HEARTBEAT_SECONDS = 3
