"""Settings: production, but nobody is asked after unless there is a doubt."""

from config.settings.prod import *  # noqa: F403

REALTIME_RECHECK_SECONDS = 600
