"""Signing up, asking for codes and trying them, tickets and exports: each has its limit, and says when to come back."""

import math
import secrets

import pytest

from tests.client import Site
from tests.limits import numbers
from tests.limits.storm import somewhere

PAUSES = numbers.DELAYS["code.pair"][0]


def most(name: str) -> int:
    return numbers.RATES[name][0]


async def post(site: Site, path: str, body: dict, address: str, worker: int = 0):
    headers = {"X-Forwarded-For": address}
    return await site.http(worker).post(path, json=body, headers=headers)


def refused(answer) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) == max(1, math.ceil(problem["retry_after"]))


def unique(name: str) -> str:
    return f"{name}-{secrets.token_hex(6)}"


@pytest.fixture(params=["known", "unknown"])
async def name(request, site):
    """Of somebody, and of nobody: no test can tell them apart."""
    if request.param == "unknown":
        return unique("nobody")
    site.http().headers["X-Forwarded-For"] = somewhere()
    return (await site.newcomer()).username


async def test_registrations_from_one_address(site):
    """Those that are refused count too: who asks which names are taken is slowed down."""
    address, weak = somewhere(), {"username": "somebody", "password": "short"}
    answers = [await post(site, "auth/register/", weak, address, number) for number in range(most("registration"))]
    assert {answer.status_code for answer in answers} == {400}
    good = {"username": unique("late"), "password": "correct horse 9"}
    refused(await post(site, "auth/register/", good, address))
    assert (await post(site, "auth/register/", good, somewhere())).status_code == 201


MAIL = ["auth/password/forgotten/", "auth/email/code/"]


@pytest.mark.parametrize("path", MAIL)
async def test_mail_to_one_account(site, name, path):
    """From wherever it is asked for, and whether there is anybody to write to."""
    statuses = [(await post(site, path, {"username": name}, somewhere(), n)).status_code for n in range(3)]
    assert statuses == [202] * most("mail.account")
    for other in MAIL:
        refused(await post(site, other, {"username": name.upper()}, somewhere()))


async def test_mail_from_one_address(site):
    address = somewhere()
    for number in range(most("mail.address")):
        answer = await post(site, MAIL[number % 2], {"username": unique("any")}, address, number)
        assert answer.status_code == 202
    refused(await post(site, MAIL[0], {"username": unique("any")}, address))


def try_code(name: str, path: str) -> dict:
    body = {"username": name, "code": "12345678"}
    return body | {"new_password": "another horse 9"} if "reset" in path else body


CODES = ["auth/password/reset/", "auth/email/verify/"]


@pytest.mark.parametrize("path", CODES)
async def test_codes_of_one_account(site, name, path):
    for number in range(most("code.account")):
        answer = await post(site, path, try_code(name, path), somewhere(), number)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_code")
    for other in CODES:
        refused(await post(site, other, try_code(name, other), somewhere()))


@pytest.mark.parametrize("path", CODES)
async def test_codes_of_one_account_from_one_address(site, name, path):
    """After a few there are pauses; which are so short at first that a busy machine sees some pass."""
    address = somewhere()
    answers = [await post(site, path, try_code(name, path), address, number) for number in range(3 * PAUSES)]
    assert {answer.status_code for answer in answers[:PAUSES]} == {400}
    late = [answer for answer in answers[PAUSES:] if answer.status_code == 429]
    assert late
    refused(late[0])


async def test_codes_from_one_address(site):
    address = somewhere()
    for number in range(most("code.address")):
        answer = await post(site, CODES[1], try_code(unique("any"), CODES[1]), address, number)
        assert answer.status_code == 400
    refused(await post(site, CODES[1], try_code(unique("any"), CODES[1]), address))


@pytest.mark.parametrize(
    ("limit", "method", "path", "status"),
    [("tickets", "POST", "auth/tickets/", 201), ("exports", "GET", "users/me/export/", 200)],
)
async def test_what_somebody_signed_in_may_ask_for(site, limit, method, path, status):
    """On whichever worker; and nobody else is kept from it."""
    site.http().headers["X-Forwarded-For"] = somewhere()
    busy, other = await site.newcomer(), await site.newcomer()
    for number in range(most(limit)):
        assert (await busy.request(method, path, worker=number)).status_code == status
    refused(await busy.request(method, path))
    assert (await other.request(method, path)).status_code == status
    assert (await busy.request("GET", "users/me/")).status_code == 200
