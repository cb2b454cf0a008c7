"""Tickets: single-use secrets that a browser puts into a socket's URL, where an access token could be logged."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import limits, secret, tokens
from accounts.errors import Unauthenticated
from accounts.models import Ticket
from accounts.tokens import Identity


@dataclass(frozen=True, slots=True)
class Issued:
    ticket: str
    expires_at: datetime


def issue(*, identity: Identity) -> Issued:
    """Return a ticket for the identity's device, valid for one handshake within TICKET_LIFETIME. Raises RateLimited, or
    Unauthenticated if the device no longer exists."""
    limits.ticket(identity.user_id)
    now = timezone.now()
    Ticket.objects.filter(device_id=identity.device_id, expires_at__lte=now).delete()
    issued = Issued(secret.mint(secret.TICKET), now + settings.TICKET_LIFETIME)
    digest = secret.digest(issued.ticket)
    try:
        Ticket.objects.create(digest=digest, device_id=identity.device_id, expires_at=issued.expires_at)
    except IntegrityError as error:
        raise Unauthenticated from error
    return issued


def redeem(tickets: Sequence[str]) -> list[Identity | None]:
    """Redeem tickets in one transaction; None for a ticket that is not valid. However often a ticket is presented at
    the same time, in one call or in many, it gives its identity exactly once."""
    if not tickets:
        return []
    digests = [secret.digest(ticket) for ticket in tickets]
    devices = [f"device__{column}" for column in tokens.CARRIED]
    with transaction.atomic():
        # The lock orders concurrent calls: the second finds the row deleted.
        locked = Ticket.objects.select_for_update(of=("self",)).filter(digest__in=digests).order_by("digest")
        found = {digest: row for digest, *row in locked.values_list("digest", "expires_at", *devices)}
        Ticket.objects.filter(digest__in=found).delete()
    return [_identity(*found.pop(digest)) if digest in found else None for digest in digests]


def _identity(expires_at: datetime, *device: Any) -> Identity | None:
    return tokens.carried(*device) if expires_at > timezone.now() else None
