"""Every secret that a long walk brought to light, looked for in all that the installation keeps."""

import asyncio
import contextlib
import hashlib
import re
import secrets
from dataclasses import dataclass, field

import httpx
import psycopg
import pytest

from devtools.valkey import Valkey
from tests.client import PASSWORD, Person, Site
from tests.e2e.mailbox import Mailbox
from tests.erasure import dump
from tests.servers import Server


@dataclass
class Walk:
    """Two workers, one person, and what they were given or thought of, by what it is."""

    site: Site
    database: str
    valkey: str
    mailbox: Mailbox
    logs: list
    secrets: dict[str, str] = field(default_factory=dict)
    password: str = field(default_factory=lambda: f"{PASSWORD} {secrets.token_hex(4)}")
    name: str = "walker"
    email: str = "walker@example.com"

    def keep(self, **found: str) -> None:
        for name, secret in found.items():
            self.secrets[f"{name} {len(self.secrets)}"] = secret

    async def post(self, path: str, worker: int = 0, **body: str) -> httpx.Response:
        return await self.site.http(worker).post(path, json=body)

    async def code(self, subject: str) -> str:
        code = await asyncio.to_thread(self.mailbox.code, self.email, subject)
        self.keep(code=code)
        return code

    async def sign_in(self, name: str, worker: int = 0) -> Person:
        answer = await self.post("auth/login/", worker, username=name, password=self.password)
        assert answer.status_code == 200, answer.text
        return self.received(answer)

    def received(self, answer: httpx.Response) -> Person:
        login = answer.json()
        self.keep(access=login["access_token"], refresh=login["refresh_token"])
        return Person(self.site, login)

    async def ticket(self, person: Person) -> str:
        ticket = (await person.call("POST", "auth/tickets/"))["ticket"]
        self.keep(ticket=ticket)
        return ticket


@pytest.fixture
async def walk(folder, postgres_database, tmp_path):
    with contextlib.ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        mailbox = Mailbox(tmp_path / "mail")
        mailbox.folder.mkdir()
        variables = {
            "DATABASE_URL": postgres_database(),
            "REDIS_URL": valkey.url,
            "EMAIL_URL": mailbox.url,
            "EMAIL_REQUIRED": "on",
            "ADMIN": "on",
            "ROOMWIRE_RATE_LIMITS": "on",
        }
        workers = [stack.enter_context(Server(folder / f"walk{n}.log", **variables)) for n in range(2)]
        async with Site([worker.url for worker in workers]).open() as site:
            logs = [worker.log for worker in workers]
            yield Walk(site, variables["DATABASE_URL"], valkey.url, mailbox, logs)


async def sign_up(walk: Walk) -> None:
    """With a code that comes too late, one that is wrong, and one that is right."""
    walk.keep(password=walk.password)
    await walk.post("auth/register/", username=walk.name, password=walk.password, email=walk.email)
    await walk.code("your code")
    await walk.post("auth/email/code/", 1, username=walk.name)
    code = await walk.code("your code")
    assert (await walk.post("auth/email/verify/", 1, username=walk.name, code=code)).status_code == 204


async def live(walk: Walk) -> None:
    """On two devices, one of which is refreshed, with tickets used and unused."""
    first, second = await walk.sign_in(walk.name), await walk.sign_in(walk.email, worker=1)
    for worker in (0, 1):
        first = walk.received(await walk.post("auth/refresh/", worker, refresh_token=first.login["refresh_token"]))
    await walk.ticket(first)
    used = Person(walk.site, first.login | {"access_token": await walk.ticket(first)})
    async with used.socket(worker=1), second.socket():
        pass
    await first.call("PATCH", "users/me/", {"password": walk.password, "email": "walker@example.org"})
    walk.keep(code=await asyncio.to_thread(walk.mailbox.code, "walker@example.org", "your code"))
    await second.call("POST", "auth/logout/")


async def forget(walk: Walk) -> None:
    """The password; and once more, with a code that stays unused."""
    await walk.post("auth/password/forgotten/", username=walk.name)
    code = await walk.code("a new password")
    new = f"{PASSWORD} {secrets.token_hex(4)}"
    walk.keep(password=new, wrong=(wrong := secrets.token_hex(8)))
    await walk.post("auth/login/", username=walk.name, password=wrong)
    answer = await walk.post("auth/password/reset/", 1, username=walk.email, code=code, new_password=new)
    assert answer.status_code == 204, answer.text
    walk.password = new
    await walk.post("auth/password/forgotten/", 1, username=walk.email)
    await walk.code("a new password")


async def administer(walk: Walk) -> None:
    """With a session's cookie."""
    with psycopg.connect(walk.database, autocommit=True) as connection:
        connection.execute("UPDATE accounts_user SET is_staff = true, is_superuser = true")
    async with httpx.AsyncClient(base_url=walk.site.urls[0], timeout=30) as browser:
        page = await browser.get("/admin/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        form = {"username": walk.name, "password": walk.password, "csrfmiddlewaretoken": token[1]}
        await browser.post("/admin/login/?next=/admin/", data=form, headers={"Referer": walk.site.urls[0]})
        assert (await browser.get("/admin/")).status_code == 200
        walk.keep(session=browser.cookies["sessionid"], csrf=browser.cookies["csrftoken"], form=token[1])


async def test_no_secret_is_kept_anywhere(walk):
    """Neither as it is, nor as what could be had by trying: a plain digest of a code is the code."""
    await sign_up(walk)
    await live(walk)
    await forget(walk)
    await administer(walk)
    person = await walk.sign_in(walk.name)
    await walk.ticket(person)
    kinds = {name.split()[0] for name in walk.secrets}
    assert kinds == {"password", "wrong", "code", "access", "refresh", "ticket", "session", "csrf", "form"}
    kept = dump.database(walk.database) | {"valkey": dump.valkey(walk.valkey)}
    for table in ("accounts_user", "accounts_device", "accounts_ticket", "accounts_code", "accounts_session", "valkey"):
        assert kept[table], table
    assert dump.found(kept, walk.email), "else this test could find nothing"
    assert dump.found(kept, *walk.secrets.values()) == []
    guessable = [secret for name, secret in walk.secrets.items() if name.startswith(("code", "wrong", "password"))]
    assert dump.found(kept, *_digests(guessable)) == []
    logs = {log.name: log.read_text() for log in walk.logs}
    assert dump.found(logs, *walk.secrets.values()) == []


def _digests(texts: list[str]) -> list[str]:
    """Enough of each to know it by."""
    kinds = ("md5", "sha1", "sha256", "sha512")
    return [hashlib.new(kind, text.encode()).hexdigest()[:24] for kind in kinds for text in texts]
