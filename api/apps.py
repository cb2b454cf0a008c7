from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST skin: HTTP in, one domain call, HTTP out."""

    name = "api"
