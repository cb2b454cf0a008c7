"""A second factor protects an account, whichever door is tried, and signing in with it is signing in."""

import asyncio

import pytest

from tests.allauth.codes import code_now, wrong_code
from tests.client import PASSWORD, Person, Refused


async def refused(person, method, path, body=None):
    with pytest.raises(Refused) as error:
        await person.call(method, path, body)
    return error.value


async def test_without_one_a_password_is_enough_at_either_door(doors):
    person = await doors.site.newcomer()
    again = doors.person(await doors.password(person.username))
    assert again.id == person.id
    assert (await again.call("GET", "users/me/"))["id"] == person.id


async def test_a_password_alone_signs_nobody_in_who_has_one(doors):
    person, _, _ = await doors.guarded()
    login = {"username": person.username, "password": PASSWORD}
    answer = await doors.site.http().post("auth/login/", json=login)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_required")
    wrong = await doors.site.http().post("auth/login/", json=login | {"password": "not it at all 1"})
    assert wrong.json()["code"] == "invalid_credentials"
    # Nor does what allauth hands out in between.
    session = await doors.pending(person.username)
    for path in ("account/authenticators", "account/authenticators/totp"):
        assert (await doors.request("GET", path, session=session)).status_code == 401
    assert (await doors.request("GET", "auth/session", session=session)).json()["meta"] == {"is_authenticated": False}


async def test_a_code_signs_in_and_the_tokens_work_everywhere(doors):
    person, secret, _ = await doors.guarded()
    fields = {"device": "Telephone", "platform": "ios"}
    session = await doors.pending(person.username)
    answer = await doors.code(session, await code_now(secret), fields=fields)
    signed_in = doors.person(answer)
    assert signed_in.id == person.id
    assert answer.json()["meta"]["expires_in"] > 800
    devices = (await signed_in.call("GET", "auth/devices/"))["results"]
    assert len(devices) == 2, "one sign-in is one device"
    [new] = [device for device in devices if device["current"]]
    assert new["id"] == answer.json()["meta"]["device"]
    assert (new["name"], new["platform"], new["address"]) == ("Telephone", "ios", "127.0.0.1")
    room = await signed_in.room()
    async with signed_in.socket(worker=1) as socket:
        await socket.command("room.subscribe", room=room)
    assert (await doors.request("GET", "auth/session", token=signed_in.token)).json()["meta"]["is_authenticated"]


async def test_the_key_of_a_pending_sign_in_ends_with_it(doors):
    person, secret, codes = await doors.guarded()
    session = await doors.pending(person.username)
    doors.person(await doors.code(session, await code_now(secret)))
    for code in (codes[0], await code_now(secret)):
        assert (await doors.code(session, code)).status_code == 410


async def test_a_code_works_once(doors):
    person, secret, codes = await doors.guarded()
    first, second = [await doors.pending(person.username) for _ in range(2)]
    code = await code_now(secret)
    doors.person(await doors.code(first, code))
    assert (await doors.code(second, code, worker=1)).status_code == 400
    doors.person(await doors.code(second, codes[0]))
    third = await doors.pending(person.username)
    assert (await doors.code(third, codes[0])).status_code == 400


async def test_of_many_uses_of_a_code_at_once_one_signs_in(doors):
    person, secret, codes = await doors.guarded()
    sessions = [await doors.pending(person.username) for _ in range(8)]
    for some, code in ((sessions[:4], codes[0]), (sessions[4:], await code_now(secret))):
        answers = await asyncio.gather(*[doors.code(each, code, worker=n) for n, each in enumerate(some)])
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]


async def test_a_wrong_code_does_not(doors):
    person, secret, _ = await doors.guarded()
    session = await doors.pending(person.username)
    answer = await doors.code(session, wrong_code(secret))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "incorrect_code"
    assert "meta" not in answer.json()


async def test_refreshing_at_either_door_is_the_same(doors):
    person, secret, _ = await doors.guarded()
    signed_in = await doors.sign_in(person.username, await code_now(secret))
    first = signed_in.login["refresh_token"]
    renewed = await doors.request("POST", "tokens/refresh", {"refresh_token": first})
    assert renewed.status_code == 200, renewed.text
    second = renewed.json()["data"]["refresh_token"]
    again = await doors.site.http().post("auth/refresh/", json={"refresh_token": second})
    assert again.json()["device"] == signed_in.login["device"]
    async with Person(doors.site, again.json()).socket() as socket:
        # Used when it is long past: whoever has it is not the owner.
        stolen = await doors.request("POST", "tokens/refresh", {"refresh_token": first})
        assert stolen.status_code == 400
        assert await socket.closed() == 4401


async def test_signing_out_revokes_the_device_and_closes_its_socket(doors):
    person, secret, _ = await doors.guarded()
    signed_in = await doors.sign_in(person.username, await code_now(secret))
    async with signed_in.socket(worker=1) as socket:
        answer = await doors.request("DELETE", "auth/session", token=signed_in.token)
        assert answer.status_code == 401
        assert await socket.closed() == 4401
    assert (await refused(signed_in, "GET", "users/me/")).code == "unauthenticated"
    gone = await doors.request("GET", "auth/session", token=signed_in.token)
    assert (gone.status_code, gone.json()["code"]) == (401, "unauthenticated")
    assert [device["current"] for device in (await person.call("GET", "auth/devices/"))["results"]] == [True]


async def test_signing_out_at_the_core_ends_it_here(doors):
    person = await doors.site.newcomer()
    await person.call("POST", "auth/logout/")
    assert (await doors.request("GET", "account/authenticators", token=person.token)).status_code == 401


async def test_nobody_signs_in_with_a_password_that_was_changed_before_the_code_came(doors):
    person, _, codes = await doors.guarded()
    session = await doors.pending(person.username)
    await person.call("POST", "auth/password/", {"password": PASSWORD, "new_password": "quite another 7"})
    answer = await doors.code(session, codes[0])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    # And the device that changed it goes on, at these doors too.
    assert (await doors.request("GET", "account/authenticators", token=person.token)).status_code == 200


async def test_what_matters_asks_who_one_is(doors):
    person, secret, codes = await doors.guarded()
    signed_in = await doors.sign_in(person.username, await code_now(secret))
    for method, path in (("DELETE", "totp"), ("GET", "recovery-codes"), ("POST", "recovery-codes")):
        answer = await doors.request(method, f"account/authenticators/{path}", token=signed_in.token)
        assert answer.status_code == 401, path
        assert {flow["id"] for flow in answer.json()["data"]["flows"]} == {"reauthenticate", "mfa_reauthenticate"}
    wrong = await doors.request("POST", "auth/reauthenticate", {"password": "not it 1234"}, token=signed_in.token)
    assert wrong.status_code == 400
    proof = await doors.request("POST", "auth/2fa/reauthenticate", {"code": codes[0]}, token=signed_in.token)
    assert proof.status_code == 200, proof.text
    assert codes[0] not in await doors.recovery_codes(signed_in)


async def test_without_the_app_a_password_is_enough_again(doors):
    person, _, _ = await doors.guarded()
    assert (await doors.request("DELETE", "account/authenticators/totp", token=person.token)).status_code == 200
    login = {"username": person.username, "password": PASSWORD}
    assert (await doors.site.http().post("auth/login/", json=login)).status_code == 200


async def test_the_other_devices_stay_when_one_is_set_up(doors):
    person, _, _ = await doors.guarded()
    assert (await person.call("GET", "users/me/"))["username"] == person.username


async def test_a_sign_in_with_a_token_is_refused(doors):
    person = await doors.site.newcomer()
    assert (await doors.password(person.username, token=person.token)).status_code == 409
    await person.call("GET", "users/me/")


@pytest.mark.parametrize("token", ["x", "rwa_short", "rwa_" + "a" * 43, "rwr_" + "a" * 43])
async def test_a_token_that_is_none(doors, token):
    answer = await doors.request("GET", "auth/session", token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_wrong_password_is_one_answer(doors):
    person = await doors.site.newcomer()
    answers = [await doors.password(name, "wrong 123456") for name in (person.username, "nobody-at-all")]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json() == answers[1].json()
