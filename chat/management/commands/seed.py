"""`manage.py seed`: a few people, rooms they share, and what to try next. Seeding twice is seeding once."""

import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import devices, users
from accounts.models import User
from chat.management import demo_data

PASSWORD = "roomwire-demo"  # noqa: S105  # of demo users, where DEMO is on

TRY = """
Roomwire is starting on {url}

  In a browser, twice:   {url}/demo/       (as alice in one window, as bob in the other)
  With curl:             curl {url}/api/v1/auth/login/ -H 'Content-Type: application/json' \\
                              -d '{{"username": "alice", "password": "{password}"}}'
  With a socket:         ticket=$(curl -s -X POST {url}/api/v1/auth/tickets/ \\
                              -H 'Authorization: Bearer {token}' | cut -d '"' -f 4)
                         {client} "{socket}/ws/rooms/{room}/?since=0&token=$ticket"
                         (alice's access token, for 15 minutes; a ticket opens one socket within a minute)
  The API, to try out:   {url}/api/v1/docs/
"""
ADMIN = "  The admin:             {url}/admin/      (as alice: users, rooms, messages)\n"


class Command(BaseCommand):
    help = "Create demo users and rooms (only with DEMO=on), and print example requests."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="the base URL of the server")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo's users have a password that everybody knows: it needs ROOMWIRE_DEMO=on.")
        people = {name: _person(name) for name in demo_data.PEOPLE}
        _may_do_all(people["alice"])
        room = demo_data.play(people)
        token = devices.login(username="alice", password=PASSWORD, name="make run").access_token
        words = {"url": url, "socket": url.replace("http", "ws", 1), "room": room.id, "token": token}
        text = TRY + ADMIN if settings.ADMIN else TRY
        self.stdout.write(text.format(password=PASSWORD, client=_websockets(), **words))


def _websockets() -> str:
    """Return the path of the command-line client that the package websockets installs."""
    return os.path.relpath(Path(sys.executable).with_name("websockets"))


def _person(name: str) -> User:
    found = User.objects.filter(username=name).first()
    return found or users.register(username=name, password=PASSWORD)


def _may_do_all(person: User) -> None:
    person.is_staff = person.is_superuser = True
    person.save(update_fields=["is_staff", "is_superuser"])
