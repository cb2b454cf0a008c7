"""`manage.py changepassword`: Django's command, which also revokes the user's devices and browser sessions, as every
way to set a password does."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from accounts import devices
from accounts.models import User


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str:
        said = super().handle(*args, **options)
        name = options["username"] or getpass.getuser()
        devices.revoke_all(user_id=User.objects.get(username=name).id)
        return str(said)
