"""The AsyncAPI document, as YAML (realtime/protocol/asyncapi.py)."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand

from realtime.protocol import asyncapi


class Command(BaseCommand):
    help = "Write the AsyncAPI document of the WebSocket protocol."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="output file; standard output if omitted")

    def handle(self, *args: Any, file: Path | None, **options: Any) -> None:
        text = yaml.dump(asyncapi.document(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
        if file is None:
            self.stdout.write(text)
        else:
            file.write_text(text)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """What is said twice is written twice."""
        return True
