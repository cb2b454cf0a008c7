"""Who may open a socket: many that knock at once are looked up together."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from accounts import limits, secret, sessions, tickets, tokens
from accounts.errors import Unauthenticated
from accounts.tokens import Identity
from core.errors import RateLimited, RoomwireError


class Knock(NamedTuple):
    """From where, and with what: a ticket or an access token, which counts before a session's cookie. With neither
    somebody has yet to say who they are. `in_address` is for a token that stood in the socket's URL."""

    address: str | None
    token: str | None = None
    session: str | None = None
    in_address: bool = False


def admit(knocks: Sequence[Knock]) -> list[Identity | RoomwireError | None]:
    """Who each is; None for nobody yet; RateLimited or Unauthenticated for one that is refused. Tickets are spent."""
    waits = limits.handshakes([knock.address for knock in knocks])
    asked = [Knock(knock.address) if wait else _lawful(knock) for knock, wait in zip(knocks, waits, strict=True)]
    redeemed = iter(tickets.redeem([knock.token for knock in asked if knock.token and secret.is_ticket(knock.token)]))
    known = tokens.identities([knock.token for knock in asked if knock.token])
    signed_in = sessions.identities([knock.session for knock in asked if knock.session and knock.token is None])
    answers: list[Identity | RoomwireError | None] = []
    for knock, wait in zip(asked, waits, strict=True):
        if wait:
            answers.append(RateLimited(wait, "Too many connections from this IP address."))
        elif knock.token is None:
            answers.append(signed_in.get(knock.session or ""))
        else:
            identity = next(redeemed) if secret.is_ticket(knock.token) else known.get(knock.token)
            answers.append(identity or Unauthenticated())
    return answers


def _lawful(knock: Knock) -> Knock:
    """With nobody's token, where it has an access token in a place that is forbidden to them: they live long enough
    to be worth keeping out of the logs that URLs end up in."""
    if settings.REALTIME_QUERY_ACCESS_TOKENS or not knock.in_address or secret.is_ticket(knock.token or ""):
        return knock
    return knock._replace(token="")


def dead(identities: Collection[Identity]) -> set[UUID]:
    """The devices of those that are good no more, whatever their `expires_at`. Two queries at most."""
    device_ids = {identity.device_id for identity in identities if not identity.session}
    rows = {identity.session: identity.device_id for identity in identities if identity.session}
    ended = {rows[row] for row in sessions.dead(rows)} if rows else set()
    return tokens.dead(device_ids) | ended
