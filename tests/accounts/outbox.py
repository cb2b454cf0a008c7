"""The mail that this process has sent, as Django keeps it for tests."""

import re

from django.core import mail
from django.core.mail import EmailMessage

from accounts.mail import mailer
from tests.client import DEADLINE

_CODE = re.compile(r"^    (\d{8})$", re.MULTILINE)


def sent(address: str) -> list[EmailMessage]:
    """To this address, in order, once everything that was handed over is done."""
    assert mailer.flush(DEADLINE)
    return [message for message in mail.outbox if message.to[0].lower() == address.lower()]


def code(address: str) -> str:
    """The one in the latest mail to this address."""
    found = _CODE.search(sent(address)[-1].body)
    assert found
    return found[1]
