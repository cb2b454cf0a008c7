from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models.signals import post_save


class FactorsConfig(AppConfig):
    """Second factors, passkeys and social login through django-allauth, enabled by ROOMWIRE_ALLAUTH=on."""

    name = "accounts.factors"
    label = "factors"

    def ready(self) -> None:
        from accounts.factors import erasure

        post_save.connect(erasure.with_their_user, sender=get_user_model())
        if settings.ADMIN:
            from accounts.factors import admin

            admin.ask_for_codes()
