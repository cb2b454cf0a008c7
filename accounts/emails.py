"""E-mail addresses: claimed by anybody, held by the one who brings back the code that was sent there.

So an address that somebody else holds can be claimed, and the answer is the same: its holder is told, by mail.
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
    """To the address that the user has claimed, if any, once the transaction has committed."""
    if user.pending_email:
        transaction.on_commit(partial(mail.mailer.put, partial(_send_code, user.id)), robust=True)


def send_again(*, name: str, address: str | None) -> None:
    """Another code for an account that waits for one; the same answer for any other. Raises RateLimited."""
    limits.mail(name=name, address=address, known=credentials.knows(credentials.find(name), address))
    mail.mailer.put(partial(_send_code_to, name))


def verify(*, name: str, code: str, address: str | None) -> None:
    """The claimed address becomes the user's own. Raises InvalidCode, or RateLimited."""
    user = credentials.find(name)
    limits.code(name=name, address=address, known=credentials.knows(user, address))
    try:
        with transaction.atomic():
            proved = codes.spend(user=user, purpose=Code.Purpose.VERIFY, code=code)
            if proved is None or not _own(user, proved):
                raise InvalidCode
    except IntegrityError as error:  # somebody else has verified it meanwhile
        raise InvalidCode from error


def _own(user: User, proved: str) -> bool:
    """Only what is claimed now: the user may have thought of another address since they were read."""
    claiming = User.objects.filter(id=user.id, is_active=True, pending_email=proved)
    return bool(claiming.update(email=proved, pending_email=""))


# On the mailer's thread.


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
