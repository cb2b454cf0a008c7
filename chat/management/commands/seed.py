"""`manage.py seed`: a few people, rooms they share, and what to try next. Seeding twice is seeding once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import devices, users
from accounts.models import User
from chat import demonstration

PASSWORD = "roomwire-demo"  # noqa: S105  # of demo users, in development settings only

TRY = """
Roomwire is starting on {url}

  In a browser, twice:   {url}/demo/       (as alice in one window, as bob in the other)
  With curl:             curl {url}/api/v1/auth/login/ -H 'Content-Type: application/json' \\
                              -d '{{"username": "alice", "password": "{password}"}}'
  With a socket:         {socket}/ws/rooms/{room}/?since=0&token={token}
                         (alice's, for the next 15 minutes)
  The API, to try out:   {url}/api/v1/docs/
  The admin:             {url}/admin/      (as alice: people, rooms, messages)
"""


class Command(BaseCommand):
    help = "Make demo users and rooms (development settings only), and print what to try."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server will listen")

    def handle(self, *args: Any, url: str, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("These users have a password that everybody knows: not with DEBUG off.")
        people = {name: _person(name) for name in demonstration.PEOPLE}
        _may_do_all(people["alice"])
        room = demonstration.play(people)
        token = devices.login(username="alice", password=PASSWORD, name="make run").access_token
        socket = url.replace("http", "ws", 1)
        self.stdout.write(TRY.format(url=url, socket=socket, room=room.id, token=token, password=PASSWORD))


def _person(name: str) -> User:
    found = User.objects.filter(username=name).first()
    return found or users.register(username=name, password=PASSWORD)


def _may_do_all(person: User) -> None:
    person.is_staff = person.is_superuser = True
    person.save(update_fields=["is_staff", "is_superuser"])
