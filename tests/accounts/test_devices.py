"""Where one is signed in: seeing it, and ending it, here or everywhere."""

import secrets
from datetime import timedelta

import pytest
from django.utils import timezone
from websockets.exceptions import ConnectionClosed

from accounts import devices, tickets, tokens, users
from accounts.errors import Unauthenticated
from accounts.models import Device
from core.errors import NotFound
from tests.accounts.at_once import at_once
from tests.client import PASSWORD, Person, Refused, Site


async def sign_in(site: Site, username: str, worker: int = 0, **fields: str) -> Person:
    asked = {"username": username, "password": PASSWORD} | fields
    answer = await site.http(worker).post("auth/login/", json=asked)
    assert answer.status_code == 200, answer.text
    return Person(site, answer.json())


async def listed(person: Person, worker: int = 0) -> list[dict]:
    return (await person.call("GET", "auth/devices/", worker=worker))["results"]


async def works(person: Person) -> bool:
    answers = [await person.request("GET", "users/me/", worker=worker) for worker in (0, 1)]
    return all(answer.status_code == 200 for answer in answers)


async def test_the_list_says_where_since_when_and_which_is_this(site):
    first = await site.newcomer()
    phone = await sign_in(site, first.username, device="Alice's phone 📱", platform="ios")
    laptop = await sign_in(site, first.username, worker=1, device="", platform="web")
    for person in (first, phone, laptop):
        found = await listed(person)
        assert [each["id"] for each in found] == [other.login["device"] for other in (laptop, phone, first)]
        assert [each["id"] for each in found if each["current"]] == [person.login["device"]]
    assert [(each["name"], each["platform"], each["address"]) for each in found] == [
        ("", "web", "127.0.0.1"),
        ("Alice's phone 📱", "ios", "127.0.0.1"),
        ("", "", "127.0.0.1"),
    ]
    assert set(found[0]) == {"id", "name", "platform", "address", "created_at", "last_used_at", "current"}


async def test_the_latest_used_comes_first(site):
    first = await site.newcomer()
    second = await sign_in(site, first.username)
    refreshed = await site.http().post("auth/refresh/", json={"refresh_token": first.login["refresh_token"]})
    used, other = await listed(Person(site, refreshed.json()), worker=1)
    assert (used["id"], other["id"]) == (first.login["device"], second.login["device"])
    assert used["last_used_at"] > other["last_used_at"] > used["created_at"]


async def test_one_is_signed_out_and_its_sockets_with_it(site):
    first = await site.newcomer()
    lost = await sign_in(site, first.username)
    ticket = (await lost.call("POST", "auth/tickets/"))["ticket"]
    async with lost.socket(worker=1) as socket, first.socket(worker=1) as own:
        assert (await first.request("DELETE", f"auth/devices/{lost.login['device']}/")).status_code == 204
        assert await socket.closed() == 4401
        await (await own.connection.ping())
    assert not await works(lost)
    lost.token = ticket
    with pytest.raises(ConnectionClosed, match="4401"):
        async with lost.socket():
            pass
    assert [each["id"] for each in await listed(first)] == [first.login["device"]]
    with pytest.raises(Refused, match="not_found"):
        await first.call("DELETE", f"auth/devices/{lost.login['device']}/")


async def test_this_one_can_be_signed_out_the_same_way(site):
    person = await site.newcomer()
    await person.call("DELETE", f"auth/devices/{person.login['device']}/")
    assert not await works(person)


async def test_somebody_elses_is_as_good_as_none(site):
    alice, mallory = await site.newcomer("alice"), await site.newcomer("mallory")
    answers = [
        await mallory.request("DELETE", f"auth/devices/{device}/")
        for device in (alice.login["device"], f"01890000-0000-7000-8000-{secrets.token_hex(6)}")
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert await works(alice)


async def test_logging_out_ends_this_one_and_everywhere_ends_all(site):
    first = await site.newcomer()
    second, third = await sign_in(site, first.username), await sign_in(site, first.username)
    bystander = await site.newcomer()
    await third.call("POST", "auth/logout/")
    assert [await works(person) for person in (first, second, third)] == [True, True, False]
    async with first.socket(worker=1) as one, second.socket(worker=0) as other:
        await second.call("POST", "auth/logout-all/")
        assert (await one.closed(), await other.closed()) == (4401, 4401)
    assert [await works(person) for person in (first, second, bystander)] == [False, False, True]
    for person in (first, second):
        answer = await site.http().post("auth/refresh/", json={"refresh_token": person.login["refresh_token"]})
        assert answer.status_code == 401
    assert len(await listed(await sign_in(site, first.username))) == 1


@pytest.mark.parametrize("fields", [{"device": "x" * 101}, {"platform": "x" * 33}, {"device": 5}, {"device": "\0"}])
async def test_a_name_that_does_not_fit_is_refused(cluster, fields):
    person = await cluster.person()
    asked = {"username": person.username, "password": PASSWORD} | fields
    assert (await cluster.http().post("auth/login/", json=asked)).status_code == 400


# In this process


def sign_in_here(name: str = "") -> devices.Grant:
    return devices.login(username="alice", password=PASSWORD, name=name)


def names(user) -> list[str]:
    return [row.name for row in devices.list_devices(user_id=user.id)]


@pytest.mark.django_db
def test_the_one_that_was_not_used_for_longest_makes_room(alice, settings):
    settings.DEVICES_MAX = 3
    grants = [sign_in_here(name) for name in ("a", "b", "c")]
    devices.refresh(refresh_token=grants[0].refresh_token)
    sign_in_here("d")
    assert names(alice) == ["d", "a", "c"]
    with pytest.raises(Unauthenticated):
        devices.refresh(refresh_token=grants[1].refresh_token)


@pytest.mark.django_db(transaction=True)
def test_many_logins_at_once_are_no_more_than_may_be(alice, settings):
    settings.DEVICES_MAX = 3
    at_once(10, sign_in_here)
    assert len(names(alice)) == 3


@pytest.mark.django_db
def test_one_that_was_not_used_for_too_long_is_signed_out(alice, grant):
    Device.objects.update(refresh_expires_at=timezone.now())
    assert names(alice) == []
    with pytest.raises(NotFound):
        devices.revoke(user_id=alice.id, device_id=grant.device_id)


@pytest.mark.django_db
@pytest.mark.parametrize("ended", ["revoked_at", "refresh_expires_at"])
def test_what_was_signed_out_long_ago_is_forgotten(alice, grant, ended):
    Device.objects.update(**{ended: timezone.now() - timedelta(days=29)})
    sign_in_here()
    assert Device.objects.count() == 2
    Device.objects.filter(id=grant.device_id).update(**{ended: timezone.now() - timedelta(days=31)})
    sign_in_here()
    assert not Device.objects.filter(id=grant.device_id).exists()


@pytest.mark.django_db(transaction=True)
def test_a_ticket_for_a_device_that_is_gone_is_refused(alice, grant):
    """A request under way while its user is erased."""
    identity = tokens.authenticate(grant.access_token)
    users.erase(user_id=alice.id)
    with pytest.raises(Unauthenticated):
        tickets.issue(identity=identity)
