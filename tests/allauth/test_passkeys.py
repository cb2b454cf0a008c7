"""Passkeys: set up, signing in with nothing else, and as the second step after a password."""

import pytest

from tests.allauth.passkey import DOMAIN, PRESENT, Passkey
from tests.client import PASSWORD


async def registered(doors, person, passkey=None):
    passkey = passkey or Passkey()
    await doors.prove(person)
    path = "account/authenticators/webauthn"
    offered = await doors.request("GET", f"{path}?passwordless", token=person.token)
    assert offered.status_code == 200, offered.text
    options = offered.json()["data"]["creation_options"]
    assert options["publicKey"]["rp"] == {"id": DOMAIN, "name": "Roomwire"}
    body = {"name": "Telephone", "credential": passkey.register(options)}
    return passkey, await doors.request("POST", path, body, token=person.token)


async def offered(doors):
    answer = await doors.request("GET", "auth/webauthn/login")
    return answer.json()["data"]["request_options"], answer.json()["meta"]["session_token"]


async def test_signing_in_with_a_passkey_alone(doors):
    person = await doors.site.newcomer()
    passkey, answer = await registered(doors, person)
    assert answer.status_code == 200, answer.text
    options, session = await offered(doors)
    body = {"credential": passkey.sign(options), "device": "Telephone", "platform": "ios"}
    signed_in = doors.person(await doors.request("POST", "auth/webauthn/login", body, session=session))
    assert signed_in.username == person.username
    devices = (await signed_in.call("GET", "auth/devices/"))["results"]
    assert sorted(device["name"] for device in devices) == ["", "Telephone"]
    again = await doors.request("POST", "auth/webauthn/login", body, session=session)
    assert again.status_code == 410, "an answer to a challenge is good once"


async def test_who_has_one_needs_it_after_the_password(doors):
    person = await doors.site.newcomer()
    passkey, _ = await registered(doors, person)
    login = {"username": person.username, "password": PASSWORD}
    refused = await doors.site.http().post("auth/login/", json=login)
    assert refused.json()["code"] == "second_factor_required"
    session = await doors.pending(person.username)
    answer = await doors.request("GET", "auth/webauthn/authenticate", session=session)
    body = {"credential": passkey.sign(answer.json()["data"]["request_options"])}
    doors.person(await doors.request("POST", "auth/webauthn/authenticate", body, session=session))


async def test_another_key_does_not_sign_in(doors):
    person = await doors.site.newcomer()
    passkey, _ = await registered(doors, person)
    forged = Passkey()
    forged.id, forged.owner = passkey.id, passkey.owner
    options, session = await offered(doors)
    body = {"credential": forged.sign(options)}
    answer = await doors.request("POST", "auth/webauthn/login", body, session=session)
    assert answer.status_code == 400
    assert "access_token" not in answer.text


async def test_a_stolen_key_without_its_owner_s_finger(cluster_doors):
    """Not even with a challenge that was made for somebody's second step."""
    victim, thief = [await cluster_doors.site.newcomer() for _ in range(2)]
    stolen, _ = await registered(cluster_doors, victim)
    await registered(cluster_doors, thief)
    session = await cluster_doors.pending(thief.username)
    step = await cluster_doors.request("GET", "auth/webauthn/authenticate", session=session)
    body = {"credential": stolen.sign(step.json()["data"]["request_options"], flags=PRESENT)}
    answer = await cluster_doors.request("POST", "auth/webauthn/login", body, session=session)
    assert answer.status_code == 400
    assert "access_token" not in answer.text


async def test_a_page_of_another_domain_gets_nowhere(cluster_doors):
    person = await cluster_doors.site.newcomer()
    _, answer = await registered(cluster_doors, person, Passkey("https://example.com.evil.test"))
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "credential", [{}, {"id": 1}, {"response": {"userHandle": "AAAA"}}, "x"], ids=["empty", "number", "half", "text"]
)
async def test_what_is_no_credential(cluster_doors, credential):
    _, session = await offered(cluster_doors)
    answer = await cluster_doors.request("POST", "auth/webauthn/login", {"credential": credential}, session=session)
    assert answer.status_code == 400


async def test_a_passkey_of_somebody_deactivated(doors, extra_shell):
    person = await doors.site.newcomer()
    passkey, _ = await registered(doors, person)
    extra_shell(f"from accounts import users; users.deactivate(user_id='{person.id}')")
    options, session = await offered(doors)
    answer = await doors.request("POST", "auth/webauthn/login", {"credential": passkey.sign(options)}, session=session)
    assert answer.status_code == 401
    assert "access_token" not in answer.text
