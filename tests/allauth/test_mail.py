"""Where an address must be verified, no door lets anybody in before it is; and people hear of new ways to sign in."""

import pytest

from tests.allauth import issuer
from tests.allauth.codes import code_now
from tests.allauth.people import Doors, unheard
from tests.allauth.work import Work, known
from tests.client import PASSWORD, Site, until
from tests.servers import Server, manage


@pytest.fixture(scope="module")
def mails(folder):
    mails = folder / "extra-mails"
    mails.mkdir()
    return mails


@pytest.fixture(scope="module")
def strict(folder, extra_cluster, mails):
    variables = extra_cluster | {"EMAIL_REQUIRED": "on", "EMAIL_URL": f"filemail://{mails}"}
    with Server(folder / "strict.log", **variables) as server:
        yield server.url, lambda code: manage("shell", "--verbosity", "0", "--command", code, **variables)


@pytest.fixture
async def strict_doors(strict):
    async with Site([strict[0]]).open() as site:
        yield Doors(site)


async def test_no_door_lets_in_who_has_not_verified_an_address(strict_doors, strict):
    name = unheard("ada")
    credentials = {"username": name, "password": PASSWORD}
    joined = await strict_doors.site.http().post("auth/register/", json=credentials | {"email": f"{name}@example.com"})
    assert joined.status_code == 201, joined.text
    answer = await strict_doors.password(name)
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")
    strict[1](f"from accounts.models import User; User.objects.filter(username='{name}').update(email='{name}@b.org')")
    strict_doors.person(await strict_doors.password(name))
    assert strict_doors.person(await strict_doors.password(f"{name}@b.org")).username == name


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"email": True}, 403, "email_not_verified"),
        ({"email": True, "email_verified": True}, 200, None),
    ],
    ids=["no address", "claimed", "verified"],
)
async def test_joining_through_a_service(strict_doors, strict, claims, status, code):
    with issuer.running() as service:
        work: Work = known(strict_doors, service, strict[1])
        said = claims | ({"email": f"{unheard('ada')}@example.com"} if "email" in claims else {})
        answer = await work.join(work.issue(unheard("sub"), **said), unheard("ada"))
    assert answer.status_code == status, answer.text
    assert answer.json().get("code") == code
    assert ("access_token" in answer.text) == (status == 200)


async def test_people_hear_of_new_ways_to_sign_in(strict_doors, strict, mails):
    name = unheard("ada")
    address = f"{name}@example.com"
    with issuer.running() as service:
        work: Work = known(strict_doors, service, strict[1])
        token = work.issue(unheard("sub"), email=address, email_verified=True)
        person = strict_doors.person(await work.join(token, name))
    answer = await strict_doors.request("POST", "account/authenticators/recovery-codes", token=person.token)
    assert answer.status_code == 400, "recovery codes are of a second factor"
    # Who joined through a service has no password to prove who they are with.
    offered = await strict_doors.request("GET", "account/authenticators/totp", token=person.token)
    body = {"code": await code_now(offered.json()["meta"]["secret"])}
    done = await strict_doors.request("POST", "account/authenticators/totp", body, token=person.token)
    assert done.status_code == 200, done.text

    def told():
        texts = [mail.read_text() for mail in mails.iterdir()]
        return [text for text in texts if address in text and "asks for a code of your app" in text]

    await until(told)
