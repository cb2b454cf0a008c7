"""Somebody at allauth's doors: httpx and nothing of the server's own code."""

import secrets
from dataclasses import dataclass
from typing import Any

import httpx

from tests.allauth.codes import code_now
from tests.client import PASSWORD, Person, Site

PATH = "/_allauth/app/v1/"


@dataclass
class Doors:
    """allauth's addresses at one site."""

    site: Site

    async def request(
        self, method: str, path: str, body: Any = None, *, token: str = "", session: str = "", worker: int = 0
    ) -> httpx.Response:
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if session:
            headers["X-Session-Token"] = session
        url = self.site.urls[worker % len(self.site.urls)] + PATH + path
        options = {} if body is None else {"json": body}
        return await self.site.http(worker).request(method, url, headers=headers, **options)

    async def password(self, username: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
        return await self.request("POST", "auth/login", {"username": username, "password": password}, **options)

    async def pending(self, username: str, **options: Any) -> str:
        """The password was right: the key to bring the code with."""
        answer = await self.password(username, **options)
        assert answer.status_code == 401, answer.text
        [flow] = [flow for flow in answer.json()["data"]["flows"] if flow.get("is_pending")]
        assert flow["id"] == "mfa_authenticate"
        return answer.json()["meta"]["session_token"]

    async def code(self, session: str, code: str, **options: Any) -> httpx.Response:
        fields = options.pop("fields", {})
        return await self.request("POST", "auth/2fa/authenticate", {"code": code, **fields}, session=session, **options)

    async def sign_in(self, username: str, code: str, **options: Any) -> Person:
        answer = await self.code(await self.pending(username, **options), code, **options)
        return self.person(answer)

    def person(self, answer: httpx.Response) -> Person:
        """Who an answer that signs somebody in signs in."""
        assert answer.status_code == 200, answer.text
        content = answer.json()
        assert content["meta"]["is_authenticated"]
        assert "session_token" not in content["meta"]
        user = {"id": content["data"]["user"]["id"], "username": content["data"]["user"]["username"]}
        return Person(self.site, {"user": user, **content["meta"]})

    async def prove(self, person: Person, **options: Any) -> None:
        """The password again, before something that matters."""
        answer = await self.request(
            "POST", "auth/reauthenticate", {"password": PASSWORD}, token=person.token, **options
        )
        assert answer.status_code == 200, answer.text

    async def set_up_app(self, person: Person) -> str:
        """An authenticator app; its secret."""
        await self.prove(person)
        offered = await self.request("GET", "account/authenticators/totp", token=person.token)
        assert offered.status_code == 404, offered.text
        secret = offered.json()["meta"]["secret"]
        body = {"code": await code_now(secret)}
        done = await self.request("POST", "account/authenticators/totp", body, token=person.token)
        assert done.status_code == 200, done.text
        return secret

    async def recovery_codes(self, person: Person) -> list[str]:
        answer = await self.request("GET", "account/authenticators/recovery-codes", token=person.token)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["unused_codes"]

    async def guarded(self) -> tuple[Person, str, list[str]]:
        """A newcomer with a second factor: signed in since before, the app's secret, the recovery codes."""
        person = await self.site.newcomer()
        secret = await self.set_up_app(person)
        return person, secret, await self.recovery_codes(person)


def unheard(name: str) -> str:
    return f"{name}-{secrets.token_hex(6)}"
