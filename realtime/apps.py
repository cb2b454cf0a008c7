from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """The WebSocket skin: handshake, commands, and the hub that delivers."""

    name = "realtime"
