"""`manage.py finish_erasures`: clear away what is left of deleted rooms, and of accounts that were being erased."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.privacy import erasure, purge


class Command(BaseCommand):
    help = "Finish erasing accounts and deleting rooms (an ASGI server does so by itself, every few minutes)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{erasure.resume()} erasures finished")
        self.stdout.write(f"{purge.resume()} deleted rooms cleared away")
