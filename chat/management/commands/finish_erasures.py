"""`manage.py finish_erasures`: clear away what is left of accounts whose erasure was interrupted."""

from typing import Any

from django.core.management.base import BaseCommand

from chat import erasure


class Command(BaseCommand):
    help = "Finish erasing accounts whose erasure was interrupted (a server that starts does so too)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{erasure.resume()} erasures finished")
