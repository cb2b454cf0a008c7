from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app of users, their devices and their credentials."""

    name = "accounts"
    verbose_name = "Accounts"
