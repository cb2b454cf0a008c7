"""Settings: production, but what takes half a minute takes moments."""

from config.settings.prod import *  # noqa: F403

REALTIME_RECHECK_SECONDS = 3
REALTIME_EXPIRING_SECONDS = 4
