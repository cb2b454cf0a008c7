"""Refresh tokens between two real workers; a client that asks twice, loses an answer, or is not alone."""

import asyncio
import random

import pytest

from accounts import devices, secret, tokens
from accounts.devices import Grant
from accounts.errors import Unauthenticated
from accounts.models import Device
from tests.accounts.at_once import at_once
from tests.client import Person, Site


async def refresh(site: Site, token: str, worker: int = 0) -> dict | None:
    """The answer's JSON, or None if it was refused."""
    answer = await site.http(worker).post("auth/refresh/", json={"refresh_token": token})
    if answer.status_code == 401:
        assert answer.json()["code"] == "unauthenticated"
        return None
    assert answer.status_code == 200, answer.text
    return answer.json()


async def works(site: Site, login: dict) -> list[bool]:
    """On each worker."""
    person = Person(site, login)
    return [(await person.request("GET", "users/me/", worker=worker)).status_code == 200 for worker in (0, 1)]


@pytest.mark.parametrize("number", range(5))
async def test_of_a_race_between_two_workers_both_get_the_same_tokens_and_the_device_lives(cluster, gather, number):
    device = (await cluster.newcomer()).login
    for _ in range(4):
        answers = await gather(*(refresh(cluster, device["refresh_token"], worker) for worker in (0, 1, 0, 1, 1, 0)))
        assert len({(answer["access_token"], answer["refresh_token"]) for answer in answers}) == 1
        assert answers[0]["access_token"] != device["access_token"]
        assert answers[0]["device"] == device["device"]
        assert not any(await works(cluster, device))
        device = answers[0]
        assert all(await works(cluster, device))


async def test_a_client_that_loses_answers_asks_again_and_is_told_again(cluster):
    """Its connection breaks after the request was sent: whether that was heard it can't know."""
    device = (await cluster.newcomer()).login
    for _ in range(3):
        _, writer = await asyncio.open_connection("127.0.0.1", int(cluster.urls[0].rpartition(":")[2]))
        body = f'{{"refresh_token": "{device["refresh_token"]}"}}'.encode()
        head = "POST /api/v1/auth/refresh/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.transport.abort()
        device = await refresh(cluster, device["refresh_token"], worker=1)
        assert device is not None
        assert all(await works(cluster, device))


async def test_a_refresh_repeated_after_its_tokens_were_used_ends_the_device_everywhere(site):
    """Used on one worker, by REST or by a socket; repeated on the other."""
    for use in (works, welcomed):
        first = (await site.newcomer()).login
        second = await refresh(site, first["refresh_token"])
        assert (await refresh(site, first["refresh_token"], worker=1))["access_token"] == second["access_token"]
        assert await use(site, second)
        assert await refresh(site, first["refresh_token"], worker=1) is None
        assert await refresh(site, second["refresh_token"]) is None
        assert await works(site, second) == [False, False]


async def welcomed(site: Site, login: dict) -> bool:
    """By a socket."""
    async with Person(site, login).socket():
        return True


async def test_a_token_that_was_used_long_ago_ends_the_device_everywhere(cluster):
    first = (await cluster.newcomer()).login
    second = await refresh(cluster, first["refresh_token"])
    third = await refresh(cluster, second["refresh_token"], worker=1)
    other = await cluster.newcomer()
    async with Person(cluster, third).socket(worker=0) as socket, other.socket(worker=0) as others:
        assert await refresh(cluster, first["refresh_token"], worker=1) is None
        assert await socket.closed() == 4401
        await (await others.connection.ping())
    assert await works(cluster, third) == [False, False]
    for token in (second["refresh_token"], third["refresh_token"]):
        assert await refresh(cluster, token) is None
    assert all(await works(cluster, other.login))


async def test_devices_of_one_user_are_refreshed_and_ended_apart(cluster):
    person = await cluster.newcomer()
    again = await cluster.http().post(
        "auth/login/", json={"username": person.username, "password": "correct horse 9", "device": "other"}
    )
    one, other = person.login, again.json()
    for _ in range(2):
        last = one
        one = await refresh(cluster, one["refresh_token"])
    assert await refresh(cluster, person.login["refresh_token"]) is None
    assert not any(await works(cluster, one))
    assert await refresh(cluster, last["refresh_token"]) is None
    assert all(await works(cluster, other))


# In this process


def authenticated(grant: Grant) -> bool:
    try:
        tokens.authenticate(grant.access_token)
    except Unauthenticated:
        return False
    return True


@pytest.mark.django_db
def test_a_new_secret_key_signs_nobody_out(grant, settings):
    settings.SECRET_KEY = "new" * 20
    assert authenticated(grant)
    newer = devices.refresh(refresh_token=grant.refresh_token)
    assert authenticated(newer)
    assert authenticated(devices.refresh(refresh_token=newer.refresh_token))


@pytest.mark.django_db
def test_an_answer_lost_while_the_secret_key_changes_is_told_again(grant, settings):
    """A worker with the old key gave it; the one that is asked again has the new key."""
    lost = devices.refresh(refresh_token=grant.refresh_token)
    settings.SECRET_KEY = "new" * 20
    told = devices.refresh(refresh_token=grant.refresh_token)
    assert told.refresh_token != lost.refresh_token
    assert (authenticated(told), authenticated(lost)) == (True, False)
    assert authenticated(devices.refresh(refresh_token=told.refresh_token))


@pytest.mark.django_db
def test_who_has_no_secret_key_cannot_compute_what_follows(grant, settings):
    key, settings.SECRET_KEY = settings.SECRET_KEY, "guessed" * 9
    guessed = secret.successor(grant.refresh_token)
    settings.SECRET_KEY = key
    newer = devices.refresh(refresh_token=grant.refresh_token)
    assert {newer.access_token, newer.refresh_token}.isdisjoint(guessed)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(5))
def test_a_device_signed_out_while_it_is_refreshed_is_signed_out(grant, number):
    work = [
        lambda: devices.refresh(refresh_token=grant.refresh_token),
        lambda: devices.logout(device_id=grant.device_id),
    ]
    answers = at_once(2, lambda: work.pop()())
    assert not Device.objects.filter(revoked_at=None).exists()
    for answer in filter(None, [grant, *answers]):
        assert not authenticated(answer)
        with pytest.raises(Unauthenticated):
            devices.refresh(refresh_token=answer.refresh_token)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_brought_in_whatever_order_only_the_newest_tokens_work(grant, settings, seed):
    """The chain of tokens, asked for at random; what each should be answered is known from its place in the chain, and
    from whether its successor was used."""
    choose = random.Random(seed)
    chain, used = [grant], False
    for _ in range(30):
        back = min(choose.choice([0, 0, 0, 1, 1, 2, 3]), len(chain) - 1)
        asked = chain[-1 - back]
        if back >= 2 or (back and used):
            with pytest.raises(Unauthenticated):
                devices.refresh(refresh_token=asked.refresh_token)
            assert not any(map(authenticated, chain))
            with pytest.raises(Unauthenticated):
                devices.refresh(refresh_token=chain[-1].refresh_token)
            return
        answer = devices.refresh(refresh_token=asked.refresh_token)
        if back == 1:
            assert (answer.access_token, answer.refresh_token) == (chain[-1].access_token, chain[-1].refresh_token)
        else:
            chain.append(answer)
        used = choose.random() < 0.5
        if used:
            assert [authenticated(each) for each in chain] == [False] * (len(chain) - 1) + [True]
