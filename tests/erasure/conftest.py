"""Two workers on a database and a Valkey of their own, that can be looked into."""

import contextlib
import secrets
from dataclasses import dataclass
from ipaddress import IPv4Address

import pytest

from devtools.valkey import Valkey
from tests.client import Site
from tests.e2e.mailbox import Mailbox
from tests.erasure import dump
from tests.servers import Server


@dataclass
class House:
    site: Site
    database: str
    valkey: str
    mailbox: Mailbox

    def kept(self) -> dict[str, str]:
        """All that is kept, by where."""
        return dump.database(self.database) | {"valkey": dump.valkey(self.valkey)}


@pytest.fixture(scope="session")
def _running(folder, postgres_database, tmp_path_factory):
    mailbox = Mailbox(tmp_path_factory.mktemp("mail"))
    with contextlib.ExitStack() as stack:
        valkey = stack.enter_context(Valkey())
        variables = {
            "DATABASE_URL": postgres_database(),
            "REDIS_URL": valkey.url,
            "EMAIL_URL": mailbox.url,
            "ADMIN": "on",
            "ROOMWIRE_RATE_LIMITS": "on",
        }
        workers = [stack.enter_context(Server(folder / f"erasing{n}.log", **variables)) for n in range(2)]
        urls = [worker.url for worker in workers]
        yield House(Site(urls), variables["DATABASE_URL"], valkey.url, mailbox)


@pytest.fixture
async def house(_running):
    """Its limits are those of production: a test comes from an address of its own, by a proxy that is believed."""
    async with _running.site.open():
        for http in _running.site.https:
            http.headers["X-Forwarded-For"] = str(IPv4Address(0x0A000000 + secrets.randbelow(2**24)))
        yield _running
