"""Signing in with another service's word: a real one, on this machine."""

import jwt
import pytest

from tests.allauth import issuer
from tests.allauth.codes import code_now
from tests.allauth.people import unheard
from tests.allauth.work import known
from tests.client import PASSWORD


@pytest.fixture(scope="session")
def service():
    with issuer.running() as running:
        yield running


# A name that compatibility makes "wide".
WIDE = "".join(chr(ord(letter) + 0xFEE0) for letter in "wide")


@pytest.fixture
def work(doors, service, extra_shell):
    return known(doors, service, extra_shell)


async def test_joining_and_coming_back(work):
    subject, username, address = unheard("sub"), unheard("ada"), f"{unheard('ada')}@example.com"
    token = work.issue(subject, email=address, email_verified=True, name="Ada")
    joined = work.doors.person(await work.join(token, username))
    me = await joined.call("GET", "users/me/")
    assert (me["username"], me["email"]) == (username, address)
    again = work.doors.person(await work.word(work.issue(subject)))
    assert again.id == joined.id
    async with again.socket():
        pass


async def test_a_user_name_is_chosen_by_the_core_s_rules(work):
    holder = await work.doors.site.newcomer()
    token = work.issue(unheard("sub"))
    for name in (holder.username, holder.username.upper(), "with space", "a@b", "", "x" * 65, "nul\0"):
        answer = await work.join(token, name)
        assert answer.status_code == 400, name
        assert answer.json()["errors"][0]["param"] == "username"
    wide = unheard("wide")
    joined = work.doors.person(await work.join(token, wide.replace("wide", WIDE)))
    assert joined.username == wide


async def test_an_address_joins_no_accounts(work):
    """Somebody else holds it: the newcomer gets an account of their own, without it."""
    address = f"{unheard('held')}@example.com"
    first = work.doors.person(
        await work.join(work.issue(unheard("sub"), email=address, email_verified=True), unheard("first"))
    )
    claims = {"email": address.upper(), "email_verified": True}
    second = work.doors.person(await work.join(work.issue(unheard("sub"), **claims), unheard("second")))
    assert first.id != second.id
    assert not (await second.call("GET", "users/me/"))["email"]


async def test_an_address_that_the_service_has_not_verified_is_only_claimed(work):
    address = f"{unheard('claimed')}@example.com"
    joined = work.doors.person(await work.join(work.issue(unheard("sub"), email=address), unheard("ada")))
    me = await joined.call("GET", "users/me/")
    assert (me["email"], me["pending_email"]) == ("", address)


async def test_a_word_that_is_not_the_service_s(work):
    other = issuer.Issuer()
    other.url = work.service.url
    tokens = {
        "signed by another": other.token(work.client, "x"),
        "for another app": work.issue("x", aud="another"),
        "of another issuer": work.issue("x", iss="https://else.example.com"),
        "old": work.issue("x", exp=1),
        "none": "none",
        "without a key's name": work.service.token(work.client, "x", headers={}),
        "signed with what is public": jwt.encode({"sub": "x"}, "k" * 40, "HS256", headers={"kid": "one"}),
        "not signed": jwt.encode({"sub": "x"}, None, "none", headers={"kid": "one"}),
    }
    for what, token in tokens.items():
        answer = await work.word(token)
        assert answer.status_code == 400, what


async def test_connecting_takes_proof_and_then_signs_in(work):
    person = await work.doors.site.newcomer()
    subject = unheard("sub")
    refused = await work.word(work.issue(subject), process="connect", token=person.token)
    assert refused.status_code == 401
    await work.doors.prove(person)
    connected = await work.word(work.issue(subject), process="connect", token=person.token)
    assert connected.status_code == 200, connected.text
    assert work.doors.person(await work.word(work.issue(subject))).id == person.id
    accounts = await work.doors.request("GET", "account/providers", token=person.token)
    assert [account["uid"] for account in accounts.json()["data"]] == [subject]


async def test_a_second_factor_is_asked_for_all_the_same(work):
    person, secret, _ = await work.doors.guarded()
    subject = unheard("sub")
    await work.word(work.issue(subject), process="connect", token=person.token)
    answer = await work.word(work.issue(subject))
    assert answer.status_code == 401
    assert "access_token" not in answer.text
    session = answer.json()["meta"]["session_token"]
    assert work.doors.person(await work.doors.code(session, await code_now(secret))).id == person.id


async def test_whoever_is_signed_in_already_stays_so(work):
    person = await work.doors.site.newcomer()
    assert (await work.word(work.issue("x"), token=person.token)).status_code == 409
    await person.call("GET", "users/me/")


async def test_erasing_forgets_what_the_service_said(work, extra_shell):
    person = await work.doors.site.newcomer()
    await work.doors.set_up_app(person)
    subject, name = unheard("sub"), unheard("Ada Lovelace")
    await work.word(work.issue(subject, name=name), process="connect", token=person.token)
    await person.call("POST", "users/me/erase/", {"password": PASSWORD})
    extra_shell(
        "from allauth.mfa.models import Authenticator as A;"
        "from allauth.socialaccount.models import SocialAccount as S;"
        f"assert not A.objects.filter(user_id='{person.id}').exists();"
        f"assert not S.objects.filter(uid='{subject}').exists()"
    )


async def test_of_one_person_twice_at_once_one_joins(work, gather):
    token = work.issue(unheard("sub"))
    sessions = [await work.joining(token) for _ in range(4)]
    answers = await gather(
        *[
            work.doors.request("POST", "auth/provider/signup", {"username": unheard("twin")}, session=each, worker=n)
            for n, each in enumerate(sessions)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
