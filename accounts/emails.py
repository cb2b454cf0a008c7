"""E-mail addresses: a user claims one, and owns it after returning the code that was sent to it.

An e-mail address that another user owns can be claimed too, with the same response: its owner gets a mail about it.
"""

from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import codes, credentials, limits, mail
from accounts.errors import InvalidCode
from accounts.models import Code, User

_VERIFY = """Hello {user.username},

this is your code:

    {code}

It shows that this address is yours, for half an hour. If you did not ask for it, somebody has mistyped their own:
ignore it.
"""

_HELD = """Hello {holder.username},

somebody, perhaps you, has given this address for another account, "{user.username}". It is yours already, under the
name "{holder.username}". If you have forgotten the password, you can ask for a code to set another one. If this was
not you, nothing has happened, and you need do nothing.
"""


def send_code(user: User) -> None:
    """Send a code to the e-mail address that the user has claimed, if any, once the transaction has committed."""
    if user.pending_email:
        transaction.on_commit(partial(mail.mailer.put, partial(_send_code, user.id)), robust=True)


def send_again(*, name: str, address: str | None) -> None:
    """Send another code if the account waits for one. The response reveals nothing about the account. Raises
    RateLimited."""
    limits.mail(name=name, address=address, known=credentials.knows(credentials.find(name), address))
    mail.mailer.put(partial(_send_code_to, name))


def verify(*, name: str, code: str, address: str | None) -> None:
    """Make the claimed e-mail address the user's own. Raises InvalidCode or RateLimited."""
    user = credentials.find(name)
    limits.code(name=name, address=address, known=credentials.knows(user, address))
    try:
        with transaction.atomic():
            proved = codes.spend(user=user, purpose=Code.Purpose.VERIFY, code=code)
            if proved is None or not _own(user, proved):
                raise InvalidCode
    except IntegrityError as error:  # another user has verified it meanwhile
        raise InvalidCode from error


def _own(user: User, proved: str) -> bool:
    """Make `proved` the user's own e-mail address, and return True. Return False if the user has claimed another one
    since."""
    claiming = User.objects.filter(id=user.id, is_active=True, pending_email=proved)
    return bool(claiming.update(email=proved, pending_email=""))


# Functions that run on the mailer's thread.


def _send_code_to(name: str) -> None:
    _send_code(credentials.find(name).id)


def _send_code(user_id: UUID) -> None:
    user = User.objects.filter(id=user_id, is_active=True).first()
    if user is None or not user.pending_email:
        return
    holder = credentials.find(user.pending_email)
    if holder.email and holder != user:
        mail.send(user.pending_email, "your address", _HELD.format(holder=holder, user=user))
        return
    code = codes.issue(user=user, purpose=Code.Purpose.VERIFY, address=user.pending_email)
    mail.send(user.pending_email, "your code", _VERIFY.format(user=user, code=code))
