"""A browser on a page of the installation itself: signed in with a cookie, through Django's admin."""

import re
from contextlib import asynccontextmanager
from typing import Self

import httpx

from tests.client import DEADLINE, PASSWORD
from tests.servers import manage

BOSS = "boss"
_CHOSEN = ("checkbox", "radio")


def employ(username: str = BOSS, **variables: str) -> None:
    """Somebody who may sign in to the admin, with PASSWORD."""
    manage("createsuperuser", "--noinput", "--username", username, DJANGO_SUPERUSER_PASSWORD=PASSWORD, **variables)


class Browser:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str):
        async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as http:
            yield cls(http)

    @property
    def key(self) -> str:
        """The session's cookie."""
        return self.http.cookies["sessionid"]

    async def sign_in(self, username: str = BOSS, password: str = PASSWORD) -> Self:
        answer = await self.submit("/admin/login/", username=username, password=password, next="/admin/")
        assert answer.status_code == 302, answer.text
        return self

    async def sign_out(self) -> None:
        answer = await self.http.post("/admin/logout/", data=self._forgery())
        assert answer.status_code in (200, 302), answer.text

    async def submit(self, path: str, **fields: str) -> httpx.Response:
        """Fill in the form of a page, whatever else stands in it, and send it."""
        page = await self.http.get(path)
        assert page.status_code == 200, page.text
        return await self.http.post(path, data=_filled_in(page.text) | self._forgery() | fields)

    def _forgery(self) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self.http.cookies["csrftoken"]}


def _filled_in(page: str) -> dict[str, str]:
    """The inputs that have a value, but for those that would be chosen or pressed."""
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        kind = attributes.get("type")
        if "name" in attributes and kind not in ("submit", "image") and (kind not in _CHOSEN or " checked" in tag):
            fields[attributes["name"]] = attributes.get("value", "on" if kind == "checkbox" else "")
    return fields
