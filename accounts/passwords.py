"""Passwords: changing one with the old password, or resetting it with a code that was sent by e-mail."""

from functools import partial
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import codes, credentials, devices, limits, mail, users
from accounts.errors import InvalidCode, InvalidCredentials
from accounts.models import Code, User
from core.errors import Invalid

_CODE = """Hello {user.username},

with this code you can set a new password, for half an hour:

    {code}

It signs you out everywhere. If you did not ask for it, ignore it: your password is still good.
"""

_CHANGED = """Hello {user.username},

your password has been changed, and other devices were signed out. If this was not you, ask for a code to set
another one at once.
"""


def change(*, user_id: UUID, password: str, new_password: str, device_id: UUID, address: str | None) -> None:
    """Set a new password with the old one, and sign out every other device. Raises InvalidCredentials, Invalid or
    RateLimited."""
    user = users.confirm_password(user_id=user_id, password=password, address=address)
    if not _set(user, new_password, but=device_id):
        raise InvalidCredentials


def forgotten(*, name: str, address: str | None) -> None:
    """Send a code to the verified e-mail address of the user with this user name or e-mail address, if there is one.
    Raises RateLimited."""
    limits.mail(name=name, address=address, known=credentials.knows(credentials.find(name), address))
    mail.mailer.put(partial(_send_code, name))


def reset(*, name: str, code: str, new_password: str, address: str | None) -> None:
    """Set a new password with a code, and sign out every device. Raises InvalidCode, Invalid or RateLimited."""
    user = credentials.find(name)
    limits.code(name=name, address=address, known=credentials.knows(user, address))
    violations = users.password_problems(User(username=name), new_password, "new_password")
    if violations:
        raise Invalid(*violations)
    with transaction.atomic():
        proved = codes.spend(user=user, purpose=Code.Purpose.RESET, code=code)
        if proved is None or proved != user.email or not _set(user, new_password):
            raise InvalidCode


def _set(user: User, password: str, but: UUID | None = None) -> bool:
    """Set the password and return True. Return False, without any effect, if the user was deactivated or another
    password was set meanwhile. Raises Invalid."""
    violations = users.password_problems(user, password, "new_password")
    if violations:
        raise Invalid(*violations)  # `reset` then rolls back, so that its code is not spent
    with credentials.hashing():
        hashed = make_password(password)
    with transaction.atomic():
        if not credentials.hold(user):
            return False
        user.password = hashed
        user.save(update_fields=["password"])
        devices.revoke_all(user_id=user.id, but=but)
        Code.objects.filter(user=user, purpose=Code.Purpose.RESET).delete()
        transaction.on_commit(partial(mail.mailer.put, partial(_tell, user)), robust=True)
    return True


# Functions that run on the mailer's thread.


def _send_code(name: str) -> None:
    user = credentials.find(name)
    if user.is_active and user.email:
        code = codes.issue(user=user, purpose=Code.Purpose.RESET, address=user.email)
        mail.send(user.email, "a new password", _CODE.format(user=user, code=code))


def _tell(user: User) -> None:
    if user.email:
        mail.send(user.email, "your password was changed", _CHANGED.format(user=user))
