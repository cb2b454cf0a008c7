from django.apps import AppConfig


class ChatConfig(AppConfig):
    """The rules: rooms, memberships, messages and the event log."""

    name = "chat"
    verbose_name = "Chat"
