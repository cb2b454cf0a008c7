"""`manage.py renew_epochs`: have every client start from a snapshot, after events were taken back unnoticed."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.eventlog import generations


class Command(BaseCommand):
    help = (
        "Renew the epoch of every room and invalidate all earlier ones: every client then gets recovered: false, or"
        " room.resync, and starts from a snapshot. For a restored backup that the servers could not notice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        generations.begin("manage.py renew_epochs", forget=True)
        self.stdout.write("Every room has a new epoch; no earlier one is valid.")
