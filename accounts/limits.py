"""The limits of logins, registrations, mail, codes, tickets, exports and handshakes, and what they are counted by.

Their numbers are in settings.RATES and settings.DELAYS. `address` is the client's IP address. `known` is true if the
user has signed in from there before.
"""

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

# Databases differ in the lower case of İ and of I.
_ONE_I = {ord("\N{COMBINING DOT ABOVE}"): None, ord("\N{LATIN SMALL LETTER DOTLESS I}"): "i"}


class Attempt:
    """One password that is about to be tried.

    Guesses at an account from one place are delayed more and more. Guesses at it from many places are limited in total,
    but not at the places where the user has signed in before, so that an attacker can't lock the user out.
    """

    def __init__(self, *, name: str, address: str | None, known: bool) -> None:
        account, there = _account(name), place(address)
        self._pair = Ask(_LOGIN_PAIR, f"{account} {there}")
        self._rates = [Ask(_LOGIN_ADDRESS, there)]
        if not known:
            self._rates.append(Ask(_LOGIN_ACCOUNT, account))

    def begin(self) -> None:
        """Count the attempt, before the password is checked. Raises RateLimited or Unavailable."""
        limiter.take(self._pair, *self._rates)

    def succeeded(self) -> None:
        limiter.give_back(self._pair, *self._rates)


def registration(address: str | None) -> None:
    """Count a registration, unless no client asks (`address` is None). Raises RateLimited or Unavailable."""
    if address is not None:
        limiter.take(Ask(_REGISTRATION, place(address)))


def mail(*, name: str, address: str | None, known: bool = False) -> None:
    """Count a code that is to be sent to an account. Raises RateLimited or Unavailable."""
    everywhere = [] if known else [Ask(_MAIL_ACCOUNT, _account(name))]
    limiter.take(Ask(_MAIL_ADDRESS, place(address)), *everywhere)


def recipient(mailbox: str) -> None:
    """Count a mail to an e-mail address, whichever client asked for it and under whichever name. Raises RateLimited."""
    limiter.take(Ask(_MAIL_RECIPIENT, _account(mailbox)))


def code(*, name: str, address: str | None, known: bool = False) -> None:
    """Count an attempt at an account's code. So few are admitted in total that guessing a code would take centuries.
    Raises RateLimited or Unavailable."""
    account, there = _account(name), place(address)
    everywhere = [] if known else [Ask(_CODE_ACCOUNT, account)]
    limiter.take(Ask(_CODE_PAIR, f"{account} {there}"), Ask(_CODE_ADDRESS, there), *everywhere)


def ticket(user_id: UUID) -> None:
    limiter.take(Ask(_TICKETS, str(user_id)))


def export(user_id: UUID) -> None:
    limiter.take(Ask(_EXPORTS, str(user_id)))


def handshakes(addresses: Sequence[str | None]) -> list[float]:
    """Return the seconds that each IP address has to wait; 0 if its handshake is admitted. None stands for credentials
    that were presented after the handshake, and does not wait."""
    places = [place(address) for address in addresses if address is not None]
    waits = iter(limiter.take_each(_HANDSHAKES, places) if places else [])
    return [0.0 if address is None else next(waits) for address in addresses]


def _account(name: str) -> str:
    """Return the form of a name that attempts are counted by. It is the same for all spellings that a database may
    treat as equal, so that spelling variants give no more attempts. The account need not exist: the limits do not
    reveal which accounts do."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKD", folded).translate(_ONE_I)
