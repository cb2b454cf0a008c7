"""Who counts as one: an account however its name is written, a place however its address is."""

import os
import sys
import unicodedata

import psycopg
import pytest
from django.conf import settings as configured

from accounts import limits
from core.errors import RateLimited, Unavailable
from tests.limits.stores import InRedis


@pytest.fixture
def counted(settings):
    """Three of everything, and Redis as it is seen from outside."""
    store = InRedis()
    settings.RATE_LIMITS, settings.REDIS_URL, settings.REDIS_PREFIX = True, store.url, store.prefix
    settings.RATES = dict.fromkeys(configured.RATES, (1000, 3600))
    settings.DELAYS = dict.fromkeys(configured.DELAYS, (1000, 900, 3600))
    yield store
    store.close()


def three(settings, name: str) -> None:
    settings.RATES = settings.RATES | {name: (3, 3_600)}


def admitted(limit, *times: dict) -> int:
    """How many of these are."""
    count = 0
    for asked in times:
        try:
            limit(**asked)
        except RateLimited:
            continue
        count += 1
    return count


def attempt(name="alice", address="192.0.2.1", known=False) -> None:
    limits.Attempt(name=name, address=address, known=known).begin()


SPELLINGS = {
    "case": ["alice", "ALICE", "Alice", "aLiCe"],
    "full width": ["\uff41lice", "alice", "\uff21LICE", "\uff41\uff4cice"],
    "dots": ["vivian", "V\u0130V\u0130AN", "V\u0130VIAN", "viv\u0131an", "Vivi\u0307an"],
    "ligatures": ["o\ufb03ce", "office", "OFFICE", "o\ufb00ice"],
    "sharp s": ["stra\xdfe", "STRASSE", "stra\u1e9ee", "\u017ftrasse"],
    "accents": ["rene\u0301e", "ren\xe9e", "REN\xc9E", "RENE\u0301E"],
    "sigma": ["\u03bf\u03c2", "\u039f\u03a3", "\u03bf\u03c3", "\u039f\u03c2"],
    "kelvin": ["kim", "\u212aim", "KIM", "\uff2bim"],
}


@pytest.mark.parametrize("spellings", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("limit", ["login.account", "mail.account", "code.account"])
def test_a_name_is_one_however_it_is_written(counted, settings, limit, spellings):
    three(settings, limit)
    ask = {"login.account": attempt, "mail.account": limits.mail, "code.account": limits.code}[limit]
    asked = [{"name": name, "address": f"192.0.2.{number}"} for number, name in enumerate(spellings)]
    assert admitted(ask, *asked) == 3
    assert admitted(ask, {"name": "somebody else", "address": "192.0.2.1"}) == 1


def test_whatever_a_database_takes_for_the_same_name_is_one():
    """It compares lower(name); each letter that Python knows is tried, before and behind an i."""
    letters = [chr(point) for point in range(1, sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    names = [f"i{letter}i" for letter in letters if unicodedata.category(letter) != "Cn"]
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        lower = connection.execute("SELECT name, lower(name) FROM unnest(%s::text[]) name", (names,)).fetchall()
    assert len(lower) > 100_000
    assert [pair for pair in lower if limits._account(pair[0]) != limits._account(pair[1])] == []


PLACES = {
    "an address": ["192.0.2.1"] * 4,
    "IPv4 in IPv6": ["192.0.2.1", "::ffff:192.0.2.1", "::FFFF:c000:201", "192.0.2.1"],
    "a network of IPv6": ["2001:db8::1", "2001:db8::2", "2001:DB8:0:0:ffff::", "2001:db8::"],
    "a zone": ["fe80::1%eth0", "fe80::1%eth1", "fe80::2", "fe80::1"],
    "nowhere": [None, "", "unknown", "<script>"],
}


@pytest.mark.parametrize("places", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("limit", ["login.address", "mail.address", "code.address"])
def test_a_place_is_one_however_it_is_written(counted, settings, limit, places):
    three(settings, limit)
    ask = {"login.address": attempt, "mail.address": limits.mail, "code.address": limits.code}[limit]
    asked = [{"name": f"user{number}", "address": address} for number, address in enumerate(places)]
    assert admitted(ask, *asked) == 3


@pytest.mark.parametrize("others", [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8:0:1::1")], ids=["4", "6"])
def test_other_places_are_counted_apart(counted, settings, others):
    three(settings, "registration")
    here, there = others
    assert admitted(limits.registration, *[{"address": here}] * 5) == 3
    assert admitted(limits.registration, *[{"address": there}] * 5) == 3


def test_a_registration_from_no_client_is_not_limited(counted, settings):
    three(settings, "registration")
    assert admitted(limits.registration, *[{"address": None}] * 9) == 9


def test_what_is_no_address_is_no_way_round_a_limit(counted, settings):
    """A proxy may hand on what a client made up."""
    three(settings, "registration")
    three(settings, "handshakes")
    made_up = ["", "unknown", "192.0.2", "<script>", "::1::", "_hidden"]
    assert admitted(limits.registration, *[{"address": said} for said in made_up]) == 3
    assert sum(wait == 0 for wait in limits.handshakes(made_up)) == 3


def test_handshakes_are_answered_in_their_order(counted, settings):
    three(settings, "handshakes")
    here, there = "192.0.2.1", "192.0.2.2"
    waits = limits.handshakes([here, None, here, there, here, here, None, there, here])
    assert [wait > 0 for wait in waits] == [False, False, False, False, False, True, False, False, True]
    assert limits.handshakes([None, None]) == [0, 0]
    assert limits.handshakes([]) == []


def test_redis_is_told_no_name_and_no_address(counted, settings):
    """Nor a digest of one that could be undone by trying every address there is."""
    limits.Attempt(name="alice@example.com", address="192.0.2.77", known=False).begin()
    limits.mail(name="alice@example.com", address="192.0.2.77")
    limits.code(name="alice@example.com", address="192.0.2.77")
    limits.registration("192.0.2.77")
    limits.handshakes(["192.0.2.77"])
    before = set(counted.held())
    assert len(before) == 10
    told = str([(key, counted.client.hgetall(key)) for key in before])
    assert not any(word in told for word in ("alice", "example", "192.0.2"))
    settings.SECRET_KEY = "another" * 10
    limits.registration("192.0.2.77")
    assert len(set(counted.held()) - before) == 1


def test_every_key_has_an_end(counted, settings):
    for address in ("192.0.2.1", None):
        known = limits.Attempt(name="alice", address=address, known=True)
        known.begin()
        known.succeeded()
        attempt(address=address)
        limits.mail(name="alice", address=address)
        limits.code(name="alice", address=address)
    longest = max(seconds for _, _, seconds in settings.DELAYS.values()) * 1_000
    assert counted.held()
    assert all(0 < counted.client.pttl(key) <= longest for key in counted.held())


def test_whoever_is_known_is_not_counted_with_the_others(counted, settings):
    three(settings, "login.account")
    assert admitted(attempt, *[{"address": f"192.0.2.{number}"} for number in range(9)]) == 3
    assert admitted(attempt, {"address": "203.0.113.1", "known": True}) == 1


def test_a_success_takes_nothing(counted, settings):
    settings.RATES = settings.RATES | {"login.account": (3, 3_600), "login.address": (3, 3_600)}
    settings.DELAYS = settings.DELAYS | {"login.pair": (3, 900, 3_600)}
    for _ in range(20):
        attempted = limits.Attempt(name="alice", address="192.0.2.1", known=False)
        attempted.begin()
        attempted.succeeded()
    assert admitted(attempt, *[{}] * 9) == 3


def test_a_success_of_one_s_own_is_no_help_with_somebody_else_s_password(counted, settings):
    """Who guesses may sign in to an account of their own between the guesses."""
    settings.DELAYS = settings.DELAYS | {"login.pair": (3, 900, 3_600)}
    got = 0
    for _ in range(9):
        got += admitted(attempt, {"name": "victim"})
        own = limits.Attempt(name="mallory", address="192.0.2.1", known=True)
        own.begin()
        own.succeeded()
    assert got == 3


def test_the_numbers_that_are_delivered(counted, settings):
    """What anybody may try, by all that is written down in the settings; a change of them is a change of this."""
    rates, delays = configured_numbers()
    a_day = 86_400
    count, seconds = rates["login.account"]
    assert count + count * a_day / seconds < 5_000, "guesses at one account from everywhere, a day"
    for name in ("login.pair", "code.pair"):
        free, longest, quiet = delays[name]
        assert free + a_day / longest < 200, "guesses at one account from one address, a day"
        assert quiet > longest, "who waits for the pause is not forgotten at once"
    count, seconds = rates["code.account"]
    assert (count + count * 365 * a_day / seconds) / 10**8 < 0.01, "the chance of a code being guessed in a year"


def configured_numbers():
    from config.settings import base

    return base.RATES, base.DELAYS


def test_redis_is_needed_for_what_is_closed(settings):
    settings.RATE_LIMITS, settings.REDIS_URL = True, "redis://127.0.0.1:1/0"
    closed = [
        attempt,
        lambda: limits.registration("192.0.2.1"),
        lambda: limits.mail(name="alice", address=None),
        lambda: limits.code(name="alice", address=None),
    ]
    for ask in closed:
        with pytest.raises(Unavailable):
            ask()
    limits.ticket("somebody")
    limits.export("somebody")
    assert limits.handshakes(["192.0.2.1"]) == [0]
