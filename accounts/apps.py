from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who somebody is and how they prove it."""

    name = "accounts"
    verbose_name = "Accounts"
