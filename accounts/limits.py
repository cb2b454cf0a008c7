"""What is limited, and by what: the numbers are settings.RATES and settings.DELAYS."""

import unicodedata
from collections.abc import Sequence
from uuid import UUID

from core.ip_addresses import place
from core.rate_limits import limiter
from core.rate_limits.limiter import Ask, Limit

_LOGIN_ADDRESS = Limit("login.address", closed=True)
_LOGIN_ACCOUNT = Limit("login.account", closed=True)
_LOGIN_PAIR = Limit("login.pair", closed=True)
_REGISTRATION = Limit("registration", closed=True)
_MAIL_ADDRESS = Limit("mail.address", closed=True)
_MAIL_ACCOUNT = Limit("mail.account", closed=True)
_MAIL_RECIPIENT = Limit("mail.recipient")
_CODE_ADDRESS = Limit("code.address", closed=True)
_CODE_ACCOUNT = Limit("code.account", closed=True)
_CODE_PAIR = Limit("code.pair", closed=True)
_TICKETS = Limit("tickets")
_EXPORTS = Limit("exports")
_HANDSHAKES = Limit("handshakes")

# Databases differ in what the lower case of İ is, and of I.
_ONE_I = {ord("\N{COMBINING DOT ABOVE}"): None, ord("\N{LATIN SMALL LETTER DOTLESS I}"): "i"}


class Attempt:
    """One password that is about to be tried. `known`, here and below: its owner has signed in from there before.

    Whoever guesses is slowed down where they are, more and more. Guesses from everywhere at once are slowed down
    for the account as well, but not at the addresses its owner is known at: nobody can lock them out.
    """

    def __init__(self, *, name: str, address: str | None, known: bool) -> None:
        account, there = _account(name), place(address)
        self._pair = Ask(_LOGIN_PAIR, f"{account} {there}")
        self._rates = [Ask(_LOGIN_ADDRESS, there)]
        if not known:
            self._rates.append(Ask(_LOGIN_ACCOUNT, account))

    def begin(self) -> None:
        """Before the password is looked at. Raises RateLimited or Unavailable."""
        limiter.take(self._pair, *self._rates)

    def succeeded(self) -> None:
        limiter.give_back(self._pair, *self._rates)


def registration(address: str | None) -> None:
    """Raises RateLimited or Unavailable; so do all that follow. Who has no address is no client."""
    if address is not None:
        limiter.take(Ask(_REGISTRATION, place(address)))


def mail(*, name: str, address: str | None, known: bool = False) -> None:
    """One more code to be sent to an account."""
    everywhere = [] if known else [Ask(_MAIL_ACCOUNT, _account(name))]
    limiter.take(Ask(_MAIL_ADDRESS, place(address)), *everywhere)


def recipient(mailbox: str) -> None:
    """One more mail to an address, whoever asked for it, and under however many names."""
    limiter.take(Ask(_MAIL_RECIPIENT, _account(mailbox)))


def code(*, name: str, address: str | None, known: bool = False) -> None:
    """One more code to be tried on an account: so often, all told, that guessing one would take centuries."""
    account, there = _account(name), place(address)
    everywhere = [] if known else [Ask(_CODE_ACCOUNT, account)]
    limiter.take(Ask(_CODE_PAIR, f"{account} {there}"), Ask(_CODE_ADDRESS, there), *everywhere)


def ticket(user_id: UUID) -> None:
    limiter.take(Ask(_TICKETS, str(user_id)))


def export(user_id: UUID) -> None:
    limiter.take(Ask(_EXPORTS, str(user_id)))


def handshakes(addresses: Sequence[str | None]) -> list[float]:
    """For each address the seconds it has to wait, 0 for one that may go on; and for None, which is no handshake."""
    places = [place(address) for address in addresses if address is not None]
    waits = iter(limiter.take_each(_HANDSHAKES, places) if places else [])
    return [0.0 if address is None else next(waits) for address in addresses]


def _account(name: str) -> str:
    """As it was typed, whether there is such an account or not: the limits can't tell who has one. But whatever a
    database takes for the same name is one: nobody has more attempts for knowing more ways to write it."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKD", folded).translate(_ONE_I)
