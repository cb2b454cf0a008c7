"""Admission of WebSocket handshakes: who the client is, for a batch of handshakes in a few queries."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts import limits, secret, sessions, tickets, tokens
from accounts.errors import Unauthenticated
from accounts.tokens import Identity
from core.errors import RateLimited, RoomwireError


class HandshakeCredentials(NamedTuple):
    """The handshake credentials of a client. `token` (ticket or access token) goes before `session` (a cookie).

    Without either, the client authenticates with its first frame. `in_url` is True for a token in the socket's URL.
    """

    ip: str | None
    token: str | None = None
    session: str | None = None
    in_url: bool = False


def admit(handshakes: Sequence[HandshakeCredentials]) -> list[Identity | RoomwireError | None]:
    """Return for each its identity, None for one without credentials, or the error that refuses it. Redeems tickets."""
    waits = limits.handshakes([each.ip for each in handshakes])
    checked = [
        HandshakeCredentials(each.ip) if wait else _without_forbidden_token(each)
        for each, wait in zip(handshakes, waits, strict=True)
    ]
    presented = [each.token for each in checked if each.token]
    redeemed = iter(tickets.redeem([token for token in presented if secret.is_ticket(token)]))
    known = tokens.identities(presented)
    signed_in = sessions.identities([each.session for each in checked if each.session and each.token is None])
    answers: list[Identity | RoomwireError | None] = []
    for handshake, wait in zip(checked, waits, strict=True):
        if wait:
            answers.append(RateLimited(wait, "Too many connections from this IP address."))
        elif handshake.token is None:
            answers.append(signed_in.get(handshake.session or ""))
        else:
            identity = next(redeemed) if secret.is_ticket(handshake.token) else known.get(handshake.token)
            answers.append(identity or Unauthenticated())
    return answers


def _without_forbidden_token(handshake: HandshakeCredentials) -> HandshakeCredentials:
    """Return the credentials without an access token that stood in a URL, unless settings allow that: proxies log URLs,
    and an access token lives long enough to be misused."""
    if settings.REALTIME_QUERY_ACCESS_TOKENS or not handshake.in_url or secret.is_ticket(handshake.token or ""):
        return handshake
    return handshake._replace(token="")


def dead(identities: Collection[Identity]) -> set[UUID]:
    """Return the devices whose credentials were revoked, whatever their `expires_at`. Makes at most two queries."""
    device_ids = {identity.device_id for identity in identities if not identity.session}
    rows = {identity.session: identity.device_id for identity in identities if identity.session}
    ended = {rows[row] for row in sessions.dead(rows)} if rows else set()
    return tokens.dead(device_ids) | ended
