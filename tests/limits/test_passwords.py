"""Guessing passwords: in parallel, from one address and from many, at accounts that exist and that don't."""

import math
import secrets
import time
from collections import Counter

import pytest

from tests.client import PASSWORD, Person, Site
from tests.limits import numbers
from tests.limits.conftest import LIMITED
from tests.limits.storm import Answer, Post, one, somewhere, storm
from tests.servers import Server, migrate

FREE = numbers.DELAYS["login.pair"][0]
ACCOUNT = numbers.RATES["login.account"][0]


async def newcomer(site: Site, address: str | None = None) -> Person:
    """Somebody who is known where they have signed up."""
    site.http().headers["X-Forwarded-For"] = address or somewhere()
    return await site.newcomer()


def guess(site: Site, name: str, address: str | None, *, worker: int = 0, password: str = "wrong horse 9") -> Post:
    url = site.urls[worker % len(site.urls)]
    return Post(url, "auth/login/", {"username": name, "password": password}, address)


@pytest.fixture(params=["known", "unknown"])
async def name(request, site):
    """Of somebody, and of nobody: no test can tell them apart."""
    return (await newcomer(site)).username if request.param == "known" else f"nobody-{secrets.token_hex(6)}"


def evaluated(answers: list[Answer], most: int, least: int | None = None) -> None:
    """So many passwords were looked at; every other was refused before anybody did."""
    codes = Counter(answer.code for answer in answers)
    for answer in answers:
        expect(answer, {401: "invalid_credentials", 429: "rate_limited"}.get(answer.status, answer.code))
    # A machine that is busy may have refused some that the limit admitted.
    refused = codes["overloaded"] + codes["unavailable"]
    least = most if least is None else least
    assert least <= codes["invalid_credentials"] + min(refused, least), codes
    assert 0 < codes["invalid_credentials"] <= most, codes
    assert codes["rate_limited"] + codes["invalid_credentials"] + refused == len(answers), codes


def expect(answer: Answer, code: str) -> None:
    assert answer.code == code, answer
    if code == "rate_limited":
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) == max(1, math.ceil(answer.body["retry_after"]))


def over(begun: float) -> int:
    """Return how many pauses, of 1, 2, 4 … times the first one, may be over."""
    return int(math.log2((time.monotonic() - begun) / numbers.DELAY_FIRST_SECONDS + 1))


async def test_a_thousand_at_once_from_one_address(site):
    name, address = (await newcomer(site)).username, somewhere()
    begun = time.monotonic()
    answers = await storm([guess(site, name, address, worker=number) for number in range(1_000)])
    evaluated(answers, FREE + over(begun), FREE)


async def test_a_thousand_at_once_from_everywhere(site):
    name = (await newcomer(site)).username
    answers = await storm([guess(site, name, somewhere(), worker=number) for number in range(1_000)])
    evaluated(answers, ACCOUNT)


async def test_a_name_in_other_spellings_is_no_other_name(site):
    """Each is found in the database, as the same user."""
    name = f"vivi-{secrets.token_hex(6)}"
    site.http().headers["X-Forwarded-For"] = somewhere()
    registered = await site.http().post("auth/register/", json={"username": name, "password": PASSWORD})
    assert registered.status_code == 201
    spellings = [f"{v}{i}{v.swapcase()}{j}{name[4:]}" for v in "vV" for i in "iI\u0130" for j in "iI\u0130"]
    answers = await storm([guess(site, spelling, somewhere()) for spelling in spellings])
    evaluated(answers, ACCOUNT)


async def besiege(site: Site, name: str) -> None:
    """From everywhere, until the account takes no more of it."""
    await storm([guess(site, name, somewhere(), worker=number) for number in range(2 * ACCOUNT)])
    while (await one(guess(site, name, somewhere()))).status != 429:
        pass


async def test_an_owner_gets_in_where_they_are_known_however_many_guess_elsewhere(site):
    home = somewhere()
    owner = await newcomer(site, home)
    await besiege(site, owner.username)
    for worker in range(4):
        answer = await one(guess(site, owner.username, home, worker=worker, password=PASSWORD))
        assert answer.status == 200, answer
    # Somewhere new they can't be told from those who guess.
    expect(await one(guess(site, owner.username, somewhere(), password=PASSWORD)), "rate_limited")


async def test_home_is_a_network_of_ipv6(site):
    """A device there takes another address of it every day."""
    home = somewhere()
    owner = await newcomer(site, home)
    await besiege(site, owner.username)
    answer = await one(guess(site, owner.username, home.replace("::1", "::2"), password=PASSWORD))
    assert answer.status == 200, answer


async def test_a_name_that_nobody_has_is_limited_like_one_that_somebody_has(site, name):
    answers = await storm([guess(site, name, somewhere(), worker=number) for number in range(40)])
    evaluated(answers, ACCOUNT)


async def test_after_some_guesses_comes_a_pause_whose_length_is_in_the_answer(site, name):
    """That pauses double is shown in test_buckets.py, by a clock of its own."""
    address = somewhere()
    for worker in range(FREE):
        expect(await one(guess(site, name, address, worker=worker)), "invalid_credentials")
    answer = await one(guess(site, name, address))
    expect(answer, "rate_limited")
    assert 0 < answer.body["retry_after"] <= numbers.DELAY_FIRST_SECONDS


async def test_the_right_password_is_not_looked_at_either(site):
    """Or who guesses would know that it is right."""
    owner, address = await newcomer(site), somewhere()
    for _ in range(FREE):
        expect(await one(guess(site, owner.username, address)), "invalid_credentials")
    expect(await one(guess(site, owner.username, address, password=PASSWORD)), "rate_limited")


async def test_a_success_begins_anew(site):
    home = somewhere()
    owner = await newcomer(site, home)
    for _ in range(3):
        for _ in range(FREE - 1):
            expect(await one(guess(site, owner.username, home)), "invalid_credentials")
        assert (await one(guess(site, owner.username, home, password=PASSWORD))).status == 200


async def test_many_who_sign_in_from_one_address_are_no_attack(site):
    """Of the same account, too: what succeeds is given back."""
    home = somewhere()
    owner = await newcomer(site, home)
    statuses = [(await one(guess(site, owner.username, home, password=PASSWORD))).status for _ in range(2 * FREE)]
    assert statuses == [200] * 2 * FREE


async def test_every_door_that_asks_for_a_password_counts_together(site):
    owner, address = await newcomer(site), somewhere()
    wrong = {"password": "wrong horse 9"}
    headers = {"X-Forwarded-For": address}
    asks = [
        ("POST", "auth/password/", wrong | {"new_password": "another horse 9"}),
        ("PATCH", "users/me/", wrong | {"email": "new@example.com"}),
        ("POST", "users/me/erase/", wrong),
        ("POST", "auth/login/", wrong | {"username": owner.username}),
    ]
    asks = (asks * FREE)[: FREE + 4]
    answers = [await owner.request(method, path, json=body, headers=headers) for method, path, body in asks]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:FREE] == [401] * FREE, answers[0].text
    assert set(statuses[FREE:]) == {429}


async def test_what_a_client_writes_before_its_own_address_is_nothing(site, name):
    """The proxy appends the true one."""
    address = somewhere()
    begun = time.monotonic()
    answers = await storm([guess(site, name, f"{somewhere()}, {address}") for _ in range(40)])
    evaluated(answers, FREE + over(begun), FREE)


async def test_addresses_from_nobody_that_is_trusted_are_not_believed(tmp_path):
    url = f"sqlite:///{tmp_path / 'database.sqlite3'}"
    migrate(url)
    with Server(tmp_path / "server.log", DATABASE_URL=url, FORWARDED_ALLOW_IPS="10.0.0.1", **LIMITED) as server:
        site = Site([server.url])
        begun = time.monotonic()
        answers = await storm([guess(site, "somebody", somewhere()) for _ in range(40)])
        evaluated(answers, FREE + over(begun), FREE)
