from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The REST API: each view reads a request, makes one domain call and returns a response."""

    name = "api"
