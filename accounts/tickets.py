"""Tickets: what a browser puts into a WebSocket's address, where an access token could be logged."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from accounts import secret, tokens
from accounts.errors import Unauthenticated
from accounts.models import Ticket
from accounts.tokens import Identity


@dataclass(frozen=True, slots=True)
class Issued:
    ticket: str
    expires_at: datetime


def issue(*, identity: Identity) -> Issued:
    """A ticket for the identity's device, good for one handshake within TICKET_LIFETIME."""
    now = timezone.now()
    Ticket.objects.filter(device_id=identity.device_id, expires_at__lte=now).delete()
    issued = Issued(secret.mint(secret.TICKET), now + settings.TICKET_LIFETIME)
    Ticket.objects.create(
        digest=secret.digest(issued.ticket), device_id=identity.device_id, expires_at=issued.expires_at
    )
    return issued


def redeem(ticket: str) -> Identity:
    """Spend a ticket. Of any number of callers at once exactly one succeeds; the others get Unauthenticated."""
    row = Ticket.objects.select_related("device__user").filter(digest=secret.digest(ticket)).first()
    # The DELETE decides: the database lets one caller delete the row, and tells the rest there was none.
    if row is None or not Ticket.objects.filter(digest=row.digest).delete()[0]:
        raise Unauthenticated
    if row.expires_at <= timezone.now():
        raise Unauthenticated
    return tokens.identify(row.device)


def admit(credential: str) -> Identity:
    """Who may open a socket with this: a ticket, which is spent, or an access token. Raises Unauthenticated."""
    return redeem(credential) if credential.startswith(secret.TICKET) else tokens.authenticate(credential)
