"""Nobody guesses their way in: codes are limited, passwords by the same counts as at the core, and nobody is locked
out of their own account."""

import asyncio
import secrets

import httpx
import pytest

from tests.allauth.codes import code_now, wrong_code
from tests.allauth.people import PATH, Doors, unheard
from tests.client import Site
from tests.servers import Server, free_port


@pytest.fixture(scope="module")
def limited_urls(folder, extra_cluster):
    """Two workers that count, on a Valkey of the others' but for themselves."""
    variables = extra_cluster | {"ROOMWIRE_RATE_LIMITS": "on", "REDIS_PREFIX": secrets.token_hex(4)}
    with Server(folder / "limited0.log", **variables) as one, Server(folder / "limited1.log", **variables) as two:
        yield [one.url, two.url]


@pytest.fixture
async def limited(limited_urls):
    async with Site(limited_urls).open() as site:
        yield Doors(site)


def refused(answer: httpx.Response) -> float:
    """How long to wait."""
    assert answer.status_code == 429, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "rate_limited"
    assert int(answer.headers["Retry-After"]) >= 1
    return answer.json()["retry_after"]


async def guess(attempt, pause: float = 0) -> httpx.Response:
    """Again and again (`attempt` takes how often it was done) until one has to wait for longer than that."""
    for n in range(40):
        answer = await attempt(n)
        if answer.status_code != 429:
            assert answer.status_code in {400, 401}
        elif refused(answer) > pause:
            assert n >= 5, "the first few are free"
            return answer
        else:
            await asyncio.sleep(refused(answer))
    raise AssertionError("nothing is limited")


async def from_elsewhere(doors, number, session, code):
    """From another address, as a proxy says."""
    headers = {"X-Session-Token": session, "X-Forwarded-For": f"198.51.100.{number}"}
    url = doors.site.urls[number % 2] + PATH + "auth/2fa/authenticate"
    return await doors.site.http().post(url, json={"code": code}, headers=headers)


async def test_guessing_codes_in_one_place_takes_longer_and_longer(limited):
    person, secret, codes = await limited.guarded()
    session = await limited.pending(person.username)
    wrong = wrong_code(secret)
    await guess(lambda n: limited.code(session, wrong, worker=n), pause=5)
    refused(await limited.code(session, codes[0], worker=1))
    other = await limited.site.newcomer()
    assert (await limited.request("GET", "account/authenticators", token=other.token)).status_code == 200


async def test_who_was_refused_gets_in_after_the_pause(limited):
    person, secret, codes = await limited.guarded()
    session = await limited.pending(person.username)
    await guess(lambda n: limited.code(session, wrong_code(secret)))
    while (answer := await limited.code(session, codes[0])).status_code == 429:  # noqa: ASYNC110 - as it says
        await asyncio.sleep(refused(answer))
    limited.person(answer)
    # And begins anew.
    again = await limited.pending(person.username)
    assert (await limited.code(again, wrong_code(secret))).status_code == 400


async def test_guessing_codes_from_everywhere_is_held_to_a_few_and_the_owner_gets_in(limited):
    person, secret, _ = await limited.guarded()
    session = await limited.pending(person.username)
    wrong = wrong_code(secret)
    tried = [await from_elsewhere(limited, n, session, wrong) for n in range(1, 14)]
    assert [answer.status_code for answer in tried] == [400] * 10 + [429] * 3
    limited.person(await limited.code(session, await code_now(secret)))


async def test_codes_that_prove_again_who_one_is_count_the_same(limited):
    person, secret, _ = await limited.guarded()
    session, body = await limited.pending(person.username), {"code": wrong_code(secret)}

    async def attempt(n: int) -> httpx.Response:
        if n % 2:
            return await limited.code(session, body["code"])
        return await limited.request("POST", "auth/2fa/reauthenticate", body, token=person.token, worker=1)

    refused(await guess(attempt))


async def test_passwords_are_counted_with_the_core_s(limited):
    name = unheard("guessed")

    async def attempt(n: int) -> httpx.Response:
        if n % 2:
            return await limited.password(name, "wrong 123456", worker=1)
        return await limited.site.http().post("auth/login/", json={"username": name, "password": "wrong 123456"})

    await guess(attempt, pause=5)
    for n in range(2):
        refused(await attempt(n))


async def test_passwords_that_prove_again_who_one_is_count_too(limited):
    person = await limited.site.newcomer()
    body = {"password": "wrong 123456"}
    refused(await guess(lambda n: limited.request("POST", "auth/reauthenticate", body, token=person.token)))


async def test_without_redis_no_code_is_taken(folder, extra_cluster):
    """That it was not used before, nobody could say."""
    away = extra_cluster | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with Server(folder / "away.log", **away) as server:
        async with Site([server.url]).open() as site:
            doors = Doors(site)
            person, secret, _ = await doors.guarded()
            session = await doors.pending(person.username)
            answer = await doors.code(session, await code_now(secret))
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
