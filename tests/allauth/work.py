"""The issuer's service as a site knows it, and people who come from there."""

import secrets
from collections.abc import Callable
from functools import partial

from tests.allauth.issuer import Issuer
from tests.allauth.people import Doors

_APP = """
from allauth.socialaccount.models import SocialApp
SocialApp.objects.create(provider="openid_connect", provider_id={service!r}, name="Work", client_id={client!r},
                         settings={{"server_url": {url!r}}})
"""


class Work:
    """The service as `doors` know it."""

    def __init__(self, doors, service, name):
        self.doors, self.service, self.name = doors, service, name
        self.client = f"{name}-app"
        self.issue = partial(service.token, self.client)

    async def word(self, word, *, process="login", **options):
        said = {"client_id": self.client, "id_token": word}
        body = {"provider": self.name, "process": process, "token": said}
        return await self.doors.request("POST", "auth/provider/token", body, **options)

    async def joining(self, token):
        """The key with which somebody new goes on to choose a name."""
        answer = await self.word(token)
        assert answer.status_code == 401, answer.text
        assert {"provider_signup"} == {flow["id"] for flow in answer.json()["data"]["flows"] if flow.get("is_pending")}
        return answer.json()["meta"]["session_token"]

    async def join(self, token, username):
        session = await self.joining(token)
        return await self.doors.request("POST", "auth/provider/signup", {"username": username}, session=session)


def known(doors: Doors, service: Issuer, shell: Callable[[str], None]) -> Work:
    """Made known at `doors`, beside whose servers `shell` runs Python."""
    work = Work(doors, service, f"work-{secrets.token_hex(4)}")
    shell(_APP.format(service=work.name, client=work.client, url=service.url))
    return work
