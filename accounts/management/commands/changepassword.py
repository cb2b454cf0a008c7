"""`manage.py changepassword`: Django's; and what the old password opened ends, as with any other way to set one."""

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
