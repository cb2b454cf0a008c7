"""The server command `python -m config.serve`: uvicorn with Roomwire's options, on HOST and PORT, with WORKERS."""

import logging
from typing import Any

from uvicorn.config import Config

from config import bootstrap, draining_server, env, listening
from realtime.server import file_descriptors

logger = logging.getLogger(__name__)


def main() -> None:
    """Check the settings once, before any worker starts; then serve until stopped."""
    listening.main()
    bootstrap.load()
    with bootstrap.refusing():
        options = _options()
    file_descriptors.raise_limit()
    if not env.rate_limits():
        logger.warning("ROOMWIRE_RATE_LIMITS=off: rate limiting is disabled. Use this for benchmarks only.")
    draining_server.run(Config("config.asgi:application", **options))


def _options() -> dict[str, Any]:
    from django.conf import settings

    return {
        "host": env.host(),
        "port": env.port(),
        "workers": env.workers(),
        "loop": "uvloop",
        "http": "realtime.server.http:Http",
        "ws": "realtime.server.websocket:WebSocket",
        "ws_max_size": settings.REALTIME_FRAME_MAX_BYTES,
        # Compression costs three times the memory per socket (docs/adr/0004-libraries.md).
        "ws_per_message_deflate": False,
        "ws_ping_interval": settings.REALTIME_HEARTBEAT_SECONDS,
        "ws_ping_timeout": settings.REALTIME_HEARTBEAT_SECONDS,
        # Longer than clients and proxies keep an idle connection (usually 60 s at most), so that the server is never
        # the first to close it: a request sent at that moment would be lost, and clients do not repeat a POST.
        "timeout_keep_alive": 75,
        # Without a limit, one hanging task would keep the process running for ever.
        "timeout_graceful_shutdown": 10,
        "log_config": None,
        "server_header": False,
    }


if __name__ == "__main__":
    main()
